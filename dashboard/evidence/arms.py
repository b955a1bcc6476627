"""Who takes part: the arms of the reference table, and why they may not be comparable. No visit is read here."""

from __future__ import annotations

import datetime as dt

import polars as pl

from dashboard.evidence.verdict import Reason

# kind of unit -> the column of a visit that names it
UNIT_COLUMNS = {"gate": "entry_gate_code", "lane": "entry_lane_code", "terminal": "terminal_code", "carrier": "carrier_key"}


def problem(arms: pl.DataFrame, first_day: dt.date, last_day: dt.date) -> Reason | None:
    """Return why these arms give no panel over these local days; None where they do. An arm without comparison units does: its Effect says so."""
    if arms.is_empty():
        return Reason("no_arms")
    kinds = sorted(map(str, arms["unit_kind_code"].unique().to_list()))
    if len(kinds) != 1 or kinds[0] not in UNIT_COLUMNS:
        return Reason("mixed_kinds", {"kinds": tuple(kinds), "known": tuple(UNIT_COLUMNS)})
    twice = arms.unique().filter(pl.col("unit_code").is_duplicated()).sort("unit_code")
    if twice.height:
        return Reason("arms_overlap", {"unit": str(twice["unit_code"][0])})
    pilots = arms.filter(pl.col("arm_code") == "pilot").sort("unit_code")
    if pilots.is_empty():
        return Reason("no_pilot")
    outside = pilots.filter(~((pl.col("start_on") > first_day) & (pl.col("start_on") <= last_day)))
    if pilots["start_on"].min() > last_day:
        return Reason("start_ahead", {"start": pilots["start_on"].min()})
    if outside.height:
        return Reason("start_outside", {"unit": str(outside["unit_code"][0]), "start": outside["start_on"][0], "first": first_day, "last": last_day})
    return None
