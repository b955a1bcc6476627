"""Find a truck: by plate or container, for those who may. What is typed is never kept; every search is in the audit log, without it."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboard import format as words
from dashboard.access import asking, audit, find
from dashboard.access.viewer import AccessError
from dashboard.store import Store
from dashboard.widgets import panel
from dashboard.widgets.frame import Frame, current
from etl.contracts.codes import DIRECTION, VISIT_STATUS


def show(page: Frame) -> None:
    say, store = page.say, page.store
    if not asking.is_on() and not store.build().is_sample:
        raise AccessError("find_open")
    panel.head(page, say("Find a truck"), say("By its plate, or by a container it carried. What you type is turned into a pseudonym and forgotten; the audit log keeps that you searched, not for what."))
    with st.form("find", width=560):
        st.radio(say("Search by"), list(find.KINDS), format_func=lambda code: say(find.KINDS[code]), horizontal=True, key="find_kind")
        st.text_input(say("Plate or container number"), max_chars=find.LONGEST, key="find_text", autocomplete="off")
        st.form_submit_button(say("Search"), on_click=_search, args=(store,))
    if "find_found" in st.session_state:
        _found(page, st.session_state["find_found"])


def _search(store: Store) -> None:
    """Callback: look for what was typed, and forget it before the page is drawn."""
    kind, text = st.session_state["find_kind"], st.session_state["find_text"]
    st.session_state["find_text"] = ""
    st.session_state.pop("find_found", None)
    if text.strip():
        key = find.keyed(store.settings, kind, text)
        found = store.found(key) if key else pl.DataFrame()
        if asking.is_on():
            audit.record("search", asking.current(), settings=store.settings, port=store.port_code, what=kind, rows=found.height)
        st.session_state["find_found"] = found


def _found(page: Frame, found: pl.DataFrame) -> None:
    say, lang = page.say, page.lang
    if found.is_empty():
        panel.quiet(say("Nothing was found: no visit of the data shown belongs to what you typed. Check the spelling; spaces, dashes and Arabic or Latin letters make no difference."))
        return
    st.html(f'<p class="lead" data-testid="found">{say.plural("{n} visit, the newest first.", "{n} visits, the newest first.", found.height)}</p>')
    rows = [
        {
            say("Truck"): row["truck"].replace("Truck", say("Truck")), say("Gate-in"): words.moment(row["entry_local_at"], lang),
            say("Turnaround"): words.plain(words.duration(row["turnaround_min"], lang)) if row["turnaround_min"] is not None else say(VISIT_STATUS.codes[row["status_code"]]),
            say("Terminal"): page.name("terminal", row["terminal_code"]) if row["terminal_code"] else "", say("Direction"): say(DIRECTION.codes[row["direction_code"]]) if row["direction_code"] else "",
        }
        for row in found.iter_rows(named=True)
    ]  # fmt: skip
    picked = panel.grid(pl.DataFrame(rows), key="find_list", on_select="rerun", selection_mode="single-row", alt=say("Visits found; choose one to see its page"))
    st.caption(say("Choose a row to see the visit."))
    if picked.selection.rows:
        st.switch_page(page.to("visit"), query_params=page.query(visit=found["visit_id"][picked.selection.rows[0]]))


if __name__ == "__main__":
    show(current())
