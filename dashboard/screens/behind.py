"""The visits behind a figure: a list over the page, opened by a click on a bar or point, kept in the address, leading to each visit's page.

The address carries `drill=<what>:<value>`, so that the list can be shared, reloaded and returned to by the back button.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import streamlit as st

from dashboard import format as words
from dashboard.metrics import DIMENSIONS
from dashboard.views import distribution
from dashboard.widgets import address, download, panel
from dashboard.widgets.frame import Frame
from etl.contracts.codes import DIRECTION, STEP
from etl.errors import DeclarationError

GRAINS = ("day", "week", "month")
DRILLS = ("turnaround_bin", "lane", "gate", "terminal", "direction", "channel", "step", "path", *GRAINS)
SHOWN = 500


def open_when_picked(page: Frame, key: str, what: str, picked: Any) -> None:
    """Put a newly clicked or chosen point into the address; the list opens from there. The same click is not taken twice."""
    value = str(picked[0] if isinstance(picked, (list, tuple)) else picked) if picked is not None else None
    seen = st.session_state.get(f"picked_{key}")
    st.session_state[f"picked_{key}"] = value
    if value is not None and value != seen:
        address.set_own(drill=f"{what}:{value}")
        st.rerun()


def show(page: Frame) -> None:
    """Open the list when the address asks for one."""
    what, colon, value = page.own.get("drill", "").partition(":")
    if not colon:
        return
    if what not in DRILLS:
        st.warning(page.say("The address asks for a list of visits that does not exist: '{value}'.", value=page.own["drill"][:60]))
        return
    st.dialog(page.say("Visits behind the figure"), width="large", on_dismiss=close)(_list)(page, what, value)


def close() -> None:
    address.set_own(drill=None)


def _list(page: Frame, what: str, value: str) -> None:
    say, lang = page.say, page.lang
    try:
        rows = _rows(page, what, value)
    except (ValueError, DeclarationError):
        st.warning(say("The address asks for a list of visits that does not exist: '{value}'.", value=f"{what}:{value}"[:60]))
        return
    st.html(f'<p class="lead" data-testid="behind">{title(page, what, value)}</p>')
    st.html(f'<p class="words">{page.selection.in_words(lang, page.names)} · {say("n = {n} visits", n=words.number(rows.height, lang))}</p>')
    if rows.is_empty():
        st.markdown(say("No visit in this selection."))
        return
    longest = rows.sort("turnaround_min", descending=True, nulls_last=True).head(SHOWN)
    if rows.height > SHOWN:
        st.html(f'<p class="quiet">{say("The {n} longest are shown; the CSV holds all.", n=words.number(SHOWN, lang))}</p>')
    picked = panel.grid(pl.DataFrame(_in_words(page, longest)), key="behind_list", on_select="rerun", selection_mode="single-row", height=380, row_height=34, alt=say("Visits, longest first; choose one to see its page"))
    st.caption(say("Choose a row to see the visit."))
    download.rows(page, _detail(what), key="behind", **_how(what, value))
    if picked.selection.rows:
        visit_id = longest["visit_id"][picked.selection.rows[0]]
        st.switch_page(page.to("visit"), query_params=page.query(visit=visit_id, drill=f"{what}:{value}"))


def _rows(page: Frame, what: str, value: str) -> pl.DataFrame:
    """The visits of one bin, group, step or time step, within the page's selection."""
    return page.store.rows(_detail(what), page.selection, **_how(what, value))


def _detail(what: str) -> str:
    return "visits_by_step" if what == "step" else "visits"


def _how(what: str, value: str) -> dict[str, Any]:
    """How the row list is narrowed to the figure. Raises ValueError for a value that cannot be one."""
    if what in GRAINS:
        return {"grain": what, "period": dt.date.fromisoformat(value), "metric": "turnaround_p50"}
    if what == "step":
        return {"step": value}
    if what == "turnaround_bin":
        return {"narrow": {what: int(value)}}
    return {"narrow": {what: value or None}, "metric": "turnaround_p50"}


def title(page: Frame, what: str, value: str) -> str:
    """The figure in words."""
    say, lang = page.say, page.lang
    if what in GRAINS:
        return f"{say({'day': 'Day', 'week': 'Week from', 'month': 'Month from'}[what])} {words.day(dt.date.fromisoformat(value), lang)}"
    if what == "turnaround_bin":
        low, high = (words.duration(distribution.bin_start_min(int(value) + more), lang) for more in (0, 1))
        return say("Turnaround from {low} to {high}", low=low, high=high)
    if what == "step":
        return say(STEP.codes[value]) if value in STEP.codes else value
    if what == "path":
        return f" {say('→')} ".join(say(STEP.codes.get(step, step)) for step in value.split(">"))
    codes = DIMENSIONS[what].codes
    name = say("unknown") if not value else say(codes.codes.get(value, value)) if codes else page.name(what, value)
    return say("{label}: {values}", label=say(DIMENSIONS[what].label), values=name)


def _in_words(page: Frame, rows: pl.DataFrame) -> list[dict[str, object]]:
    say, lang = page.say, page.lang
    return [
        {
            say("Truck"): row["truck"].replace("Truck", say("Truck")), say("Gate-in"): words.moment(row["entry_local_at"], lang), say("Turnaround"): words.plain(words.duration(row["turnaround_min"], lang)),
            say("Lane"): page.name("lane", row["entry_lane_code"]) if row["entry_lane_code"] else "", say("Terminal"): page.name("terminal", row["terminal_code"]) if row["terminal_code"] else "",
            say("Direction"): say(DIRECTION.codes.get(row["direction_code"] or "", "")), say("Waiting"): words.plain(words.duration(row["wait_min"], lang)),
            say("Checked"): "●" if row["has_inspection"] else "",
        }
        for row in rows.iter_rows(named=True)
    ]  # fmt: skip
