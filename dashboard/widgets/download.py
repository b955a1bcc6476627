"""CSV beside every table and chart, and the words of a result's table. The file itself is made by dashboard/exports.

    download.link(page, result, key="by_lane")      # a button; the file is built only when it is asked for
    download.table(page, result)                    # list of dicts in words, for st.dataframe
"""

from __future__ import annotations

import streamlit as st

from dashboard.metrics import Result
from dashboard.widgets.frame import Frame


def link(page: Frame, result: Result, *, key: str, name: str = "") -> None:
    """Offer the result as CSV. Columns and numbers as in exports: full precision, all rows, definitions beside it."""
    st.download_button(
        page.say("Download CSV"), data=lambda: _csv(page, result), file_name=f"smartport_{name or key}.csv", mime="text/csv", on_click="ignore", key=f"{key}_csv", type="tertiary",
    )  # fmt: skip


def _csv(page: Frame, result: Result) -> bytes:
    return b"\xef\xbb\xbf" + result.frame.write_csv().encode()


def table(page: Frame, result: Result) -> list[dict[str, object]]:
    """Return the result's rows in the reader's words."""
    return result.frame.to_dicts()
