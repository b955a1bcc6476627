"""The web server: the Streamlit app and the export route beside it. `smartport serve` runs this file by `streamlit run`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402

from dashboard.exports.route import ROUTES  # noqa: E402

app = st.App("app.py", routes=list(ROUTES))
