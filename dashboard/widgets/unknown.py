"""An address that is no page: the server sends the reader to the first page, which says so in his language. Streamlit alone says it in English.

Only addresses of one plain word: files, downloads and the server's own paths are not touched.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, urlencode

import streamlit as st
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.i18n import Translator
from dashboard.screens import PAGES

PARAMETER = "missing"
LETTERS = 40  # of the address that are repeated to the reader
_RESERVED = frozenset({"healthz", "oauth2callback"})


class Unknown:
    """The middleware. The question in the address is kept."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and (path := missing(scope["path"])):
            asked = [(name, value) for name, value in parse_qsl(scope["query_string"].decode("latin-1")) if name != PARAMETER]
            await RedirectResponse(f"/?{urlencode([*asked, (PARAMETER, path)], quote_via=quote)}", 302)(scope, receive, send)
            return
        await self.app(scope, receive, send)


def missing(path: str) -> str:
    """Return the word of an address that is neither a page nor the server's own; empty for all others."""
    word = path.strip("/")
    return "" if not re.fullmatch(r"[\w-]+", word) or word.startswith("_") or word in _RESERVED or word in {page.url for page in PAGES} else word


def note(say: Translator) -> None:
    """Say on the first page that the address asked for is no page."""
    word = re.sub(r"[^\w-]", "", st.query_params.get(PARAMETER, ""))[:LETTERS].replace("_", "-")  # nothing that Markdown would read
    if word:
        st.warning(say("There is no page “{word}” here. This is the first one; the menu above leads to the others.", word=word), icon=":material/info:")
