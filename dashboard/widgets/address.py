"""The address and the session kept in step: who moved last, the reader's hand or the browser, decides.

A widget's callback marks the session as touched: then the widgets win and the address is rewritten. Otherwise an address that
differs from the one we know (deep link, link followed, back button) wins and the widgets are set from it. Selection parses
and prints the parameters; nothing here knows what they mean.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, timedelta

import streamlit as st

from dashboard.selection import COMPARISONS, FILTERS, PRESETS, VIEWS, Note, Selection

PERIOD, DATES, COMPARISON, VIEW, PORT = "f_period", "f_dates", "f_vs", "f_view", "f_port"
KEPT = ("lang", "port")  # hold on every page, whatever is asked there
OWN = ("visit", "drill", "hour", "part", "m", "by", "grain", "across", "draw")  # a page's own parameters, left alone here


def _filter_key(name: str) -> str:
    return f"f_{name}"


def touched() -> None:
    """Callback of every filter widget."""
    st.session_state["touched"] = True


def resolve(port: str, now_day: date, known: Mapping[str, Collection[str]]) -> tuple[Selection, tuple[Note, ...]]:
    """Return this run's selection and the notes on what the address asked in vain; sets the widgets' session keys."""
    state = st.session_state
    query = {name: value for name, value in st.query_params.to_dict().items() if name not in (*OWN, *KEPT)}
    if state.pop("touched", False) and "selection" in state:
        selection, notes = from_widgets(state["selection"], now_day, known), ()
        write(selection)
        query = selection.to_query()
    elif "selection" not in state or query != state.get("query"):
        selection, notes = Selection.from_query(query, port, now_day, known)
    else:
        # The same address as before: read again, because "the last 28 days" moves with the build.
        selection, notes = Selection.from_query(query, port, now_day, known)
    state["selection"], state["query"] = selection, query
    _seed(selection)
    return selection, notes


def from_widgets(before: Selection, now_day: date, known: Mapping[str, Collection[str]]) -> Selection:
    """Return the selection the widgets show. An unfinished or empty date range keeps the dates it had.

    A widget whose words changed with the language may send a word of the old one: what is no legal value is not taken.
    """
    state = st.session_state
    rest: dict[str, object] = {
        "comparison": state[COMPARISON] if state.get(COMPARISON) in COMPARISONS else before.comparison,
        "view": state[VIEW] if state.get(VIEW) in VIEWS else before.view,
    }
    for name, (_, code_list) in FILTERS.items():
        legal = code_list.codes if code_list else known.get(name)
        chosen = state.get(_filter_key(name))
        rest[name] = getattr(before, name) if chosen is None else tuple(value for value in chosen if legal is None or value in legal)
    period = state[PERIOD] if state.get(PERIOD) in PRESETS else before.period
    if period != "custom":
        return Selection.preset(before.port, period, now_day, **rest)
    dates = state.get(DATES) or ()
    first, last = (dates if isinstance(dates, (tuple, list)) and len(dates) == 2 else (before.first_day, before.last_day))
    return replace(before, first_day=first, end_day=last + timedelta(days=1), period="custom", **rest)


def _seed(selection: Selection) -> None:
    """Set the widgets' keys before the widgets are made, so that they show the selection."""
    state = st.session_state
    values: dict[str, object] = {PERIOD: selection.period, COMPARISON: selection.comparison, VIEW: selection.view}
    values |= {_filter_key(name): list(getattr(selection, name)) for name in FILTERS}
    if selection.period == "custom":
        dates = state.get(DATES)
        if not (isinstance(dates, tuple) and len(dates) == 1):  # half-way through picking a range
            values[DATES] = (selection.first_day, selection.last_day)
    for key, value in values.items():
        if state.get(key) != value:
            state[key] = value


def write(selection: Selection) -> None:
    """Write the selection into the address in one step of the browser's history; language, port and the page's own parameters stay."""
    kept = {name: value for name, value in st.query_params.to_dict().items() if name in (*OWN, *KEPT)}
    st.query_params.from_dict(selection.to_query() | kept)


def set_own(**own: str | None) -> None:
    """Set or (None) drop a page's own parameters in the address."""
    query = {name: value for name, value in (st.query_params.to_dict() | own).items() if value}
    st.query_params.from_dict(query)


def reset() -> None:
    """Callback: back to the default question; language and port stay."""
    st.session_state["touched"] = False
    kept = {name: value for name, value in st.query_params.to_dict().items() if name in KEPT}
    st.query_params.from_dict(kept)


def speak(lang: str) -> None:
    """Callback: show the page in this language; the question stays. A link to the page one is on would not change the browser's address."""
    st.session_state["lang_chosen"] = lang
    st.query_params["lang"] = lang


def port(published: Collection[str]) -> str | None:
    """Return the port of the address, else the one this session chose; None leaves it to the installation. What is not published is not asked for."""
    asked = st.query_params.get("port")
    if asked in published:
        st.session_state["port_chosen"] = asked
    chosen = st.session_state.get("port_chosen")
    return chosen if chosen in published else None


def travel() -> None:
    """Callback of the port's widget: the same question of another port. What that port has not, the filters leave out and say."""
    st.query_params["port"] = st.session_state["port_chosen"] = st.session_state[PORT]


def own() -> dict[str, str]:
    return {name: value for name, value in st.query_params.to_dict().items() if name in OWN}
