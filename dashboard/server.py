"""The web server: the Streamlit app, and the routes of exports and briefings beside it. `smartport serve` runs this file by `streamlit run`."""

from __future__ import annotations

import atexit
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402
from google.protobuf.message import DecodeError  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402
from streamlit.proto.BackMsg_pb2 import BackMsg  # noqa: E402

from dashboard import store  # noqa: E402
from dashboard.briefing.route import ROUTES as BRIEFINGS  # noqa: E402
from dashboard.edge import policy  # noqa: E402
from dashboard.edge.gate import ADDRESS_BYTES, Gate  # noqa: E402
from dashboard.evidence import beforehand  # noqa: E402
from dashboard.exports.route import ROUTES as EXPORTS  # noqa: E402
from dashboard.widgets import door, scripts  # noqa: E402
from dashboard.widgets.unknown import Unknown  # noqa: E402
from etl.settings import load_edge, load_settings  # noqa: E402


def _is_question(data: bytes) -> bool:
    """Whether a session's message is one our pages send, with an address of a length they have. What cannot be read is left to Streamlit, which closes the session."""
    message = BackMsg()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return True
    return message.WhichOneof("type") in ("rerun_script", "stop_script", "app_heartbeat", "backend_operation_request") and len(message.rerun_script.query_string) <= ADDRESS_BYTES


_edge = load_edge()
_headers = policy.headers([*policy.inline_scripts(Path(st.__file__).parent / "static" / "index.html"), *scripts.ALL], _edge.frame_ancestors)
_gate = Middleware(Gate, headers=_headers, is_question=_is_question, hosts=_edge.hosts, frame_ancestors=_edge.frame_ancestors, exports_a_minute=_edge.exports_a_minute, on_limited=door.limited)
_secrets = door.secrets(load_settings())
app = st.App("app.py", routes=[*EXPORTS, *BRIEFINGS], middleware=[_gate, *door.middleware(), Middleware(Unknown)], secrets=_secrets, on_script_error=door.explained)
atexit.register(beforehand.Watch(store.of).stop)
