"""What the congestion page asks, once for all of its parts: asked ahead by the page, found by the part that draws it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import polars as pl
import streamlit as st

from dashboard.metrics import Result
from dashboard.selection import Selection
from dashboard.widgets import panel
from dashboard.widgets.frame import Frame

FIGURES = ("congestion_index", "stays", "stay_p50")


def lost(page: Frame) -> Result:
    return page.ask(("lost_hours",), by=("place",))


def stays(page: Frame, by: str = "", week: bool | None = None) -> Result:
    """Congestion of the zones, over all hours, by hour of the day or (where the page shows it) by hour of the week; all of them in one pass.

    `week` tells whether the page shows it, where its widgets cannot be asked: ahead, in another thread.
    """
    splits = ["", "hour", *(["hour_of_week"] if (shows_week() if week is None else week) else [])]
    return page.store.ask_each(page.selection, FIGURES, [("zone", split) if split else ("zone",) for split in splits])[splits.index(by)]


def stays_of_day(page: Frame, day: dt.date | None) -> Result:
    """The same by hour, of one day of the period; of all days without one."""
    return stays(page, "hour", week=False) if day is None else page.ask(FIGURES, by=("zone", "hour"), selection=one_day(page, day))


def one_day(page: Frame, day: dt.date | None) -> Selection:
    return page.selection if day is None else replace(page.selection, first_day=day, end_day=day + dt.timedelta(days=1), period="custom", comparison="none")


def shows_week() -> bool:
    """Whether the heatmap has the hours of the week: always for one zone, else as chosen; a phone begins with the hours of the day."""
    return st.session_state.get("congestion_zone") is not None or st.session_state.get("congestion_fine", first_fine()) != "day"


def first_fine() -> str:
    return "day" if panel.is_phone() else "week"


def inside_by_hour(page: Frame) -> pl.DataFrame:
    return page.store.rows("inside", page.selection)


def queue_by_hour(page: Frame) -> pl.DataFrame:
    return page.store.rows("queue_by_hour", page.selection)


def means_by_hour(page: Frame, day: dt.date | None = None) -> pl.DataFrame:
    return page.store.rows("means_by_hour", one_day(page, day))


def queue_observed(page: Frame) -> Result:
    return page.ask(("queue_observed_share",))


def zones(page: Frame) -> pl.DataFrame:
    return page.store.table("dim_zones")


def tracked(page: Frame) -> Result:
    return page.store.ask(replace(page.selection, comparison="none"), ("stays",), grain="day")


def tracked_days(page: Frame) -> list[dt.date]:
    """The days of the period on which tracking saw any stay."""
    days = tracked(page)
    return [] if days.is_empty else sorted(day for day, n in days.rows.select("period", "stays").iter_rows() if n)


def whole(w: panel.Words, value: float) -> str:
    """A mean number of means: without decimals where it is whole."""
    return w.number(value, 0 if abs(value - round(value)) < 0.05 else 1)
