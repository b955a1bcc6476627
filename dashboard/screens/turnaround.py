"""Being written."""

from __future__ import annotations

import streamlit as st

from dashboard.widgets.frame import Frame, current


def show(page: Frame) -> None:
    st.title(page.say("Port overview"), anchor=False)


if __name__ == "__main__":
    show(current())
