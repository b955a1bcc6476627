"""The parts of a page: one is shown and computed at a time, and the address keeps which."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from dashboard.widgets import address
from dashboard.widgets.frame import Frame


def asked(page: Frame, parts: Mapping[str, str]) -> str:
    """Return the part the address names; the first where it names none of these."""
    part = page.own.get("part", "")
    return part if part in parts else next(iter(parts))


def choose(page: Frame, parts: Mapping[str, str], key: str) -> str:
    """Draw the choice (`parts`: code -> words) and return the part shown. The address decides, and a click writes the address."""
    part = asked(page, parts)
    if st.session_state.get(key) != part:
        st.session_state[key] = part
    st.segmented_control(
        page.say("Part of the page"), list(parts), key=key, required=True, format_func=lambda code: page.say(parts[code]), label_visibility="collapsed", on_change=_chosen, args=(key, next(iter(parts))),
    )  # fmt: skip
    return part


def _chosen(key: str, first: str) -> None:
    part = st.session_state.get(key)
    address.set_own(part=None if part == first else part)
