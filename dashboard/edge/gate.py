"""The middleware at the edge: who may ask what, before any page, file or session is touched, and the headers of every answer.

A reader who is refused gets one sentence; the log says why and what to do. No answer shows a traceback.
"""

from __future__ import annotations

import ipaddress
import logging
import math
import socket
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.edge.limit import Buckets
from dashboard.edge.policy import NONE, POLICY

log = logging.getLogger("uvicorn.error")

METHODS = ("GET", "HEAD")  # nothing is sent to this server but questions: uploads, components and their preflights are not used
CLOSED = ("/_stcore/metrics", "/_stcore/upload_file", "/_stcore/agent", "/_stcore/bidi-components", "/component")
LOCAL = ("/_stcore/script-health-check",)  # runs the app: for this machine's own probe
LIMITED = ("/export", "/briefing/show")  # each makes a file or a paper
ADDRESS_BYTES = 8 << 10  # the longest question in an address; every filter with every value is below 2 KiB
MESSAGE_BYTES = 256 << 10  # the longest message of a page; choosing every row of a table stays below
_OWN_NAMES = ("localhost", "127.0.0.1", "::1")
_SAID = 100  # host names and origins that are written to the log, each once


class Gate:
    """The middleware. `hosts` are the names this service is known by, besides this machine's own and plain addresses (a rebound name is neither).

    `is_question` tells of a session's message whether our pages would send it; others are dropped (Streamlit answers some with the state of the source folder).
    `on_limited` is told of every request that asked for too many files.
    """

    def __init__(self, app: ASGIApp, headers: Mapping[bytes, bytes], is_question: Callable[[bytes], bool], hosts: tuple[str, ...] = (), frame_ancestors: str = NONE, exports_a_minute: int = 30, on_limited: Callable[[Scope], None] | None = None) -> None:
        self.app, self.headers, self.is_question, self.frame_ancestors = app, dict(headers), is_question, f"frame-ancestors {frame_ancestors}".encode("ascii")
        self.hosts = {host.lower().rstrip(".") for host in (*hosts, *_OWN_NAMES, socket.gethostname(), socket.getfqdn())}
        self.buckets, self.on_limited = Buckets(exports_a_minute, exports_a_minute), on_limited
        self._said: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, self._stamped(send))
        else:
            await self.app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = self._refused(scope)
        if refused is not None:
            await refused(scope, receive, send)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception:
            log.exception("%s %s failed", scope["method"], scope["path"])
            if begun:
                raise
            await _said(500, "The server met an error. It is written in its log.")(scope, receive, send)

    def _refused(self, scope: Scope) -> PlainTextResponse | None:
        host, path = Headers(scope=scope).get("host"), scope["path"]
        if not self._knows(host):
            self._say("Host", host)
            return _said(400, "This server is not known by that name.")
        if scope["method"] not in METHODS:
            return _said(405, "Only questions are answered here.", Allow=", ".join(METHODS))
        if len(scope["query_string"]) > ADDRESS_BYTES:
            return _said(414, "This address is too long.")
        if _under(path, CLOSED) or (_under(path, LOCAL) and not _is_local(scope)):
            return _said(404, "There is nothing here.")
        if _under(path, LIMITED) and (wait := self.buckets.take(_client(scope))):
            if self.on_limited:
                self.on_limited(scope)
            return _said(429, f"Too many files at once. Try again in {math.ceil(wait)} s.", **{"Retry-After": str(math.ceil(wait))})
        return None

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sessions are opened by our own pages only: the origin is the host that was asked. A program that names no origin is no browser with somebody's cookies."""
        asked = Headers(scope=scope)
        host, origin = asked.get("host"), asked.get("origin")
        if not self._knows(host) or (origin is not None and not _is_same(origin, host)):
            self._say("Host", host) if not self._knows(host) else self._say("Origin", origin)
            await send({"type": "websocket.close", "code": 1008})
            return

        async def questions() -> Message:
            while True:
                message = await receive()
                if message["type"] != "websocket.receive":
                    return message
                data = message.get("bytes")
                if data is not None and len(data) <= MESSAGE_BYTES:
                    if self.is_question(data):
                        return message
                    continue
                await send({"type": "websocket.close", "code": 1003 if data is None else 1009})
                return {"type": "websocket.disconnect", "code": 1003 if data is None else 1009}

        await self.app(scope, questions, send)

    def _knows(self, host: str | None) -> bool:
        name = _name(host)
        return name is not None and (name in self.hosts or _is_address(name))

    def _say(self, what: str, value: str | None) -> None:
        words = ascii(value)[:120]
        if words not in self._said and len(self._said) < _SAID:
            self._said.add(words)
            log.warning("%s: %s refused. Known: %s, and plain addresses. If readers use this name, add it to SMARTPORT_HOSTS.", what, words, ", ".join(sorted(self.hosts)))

    def _stamped(self, send: Send) -> Send:
        """Add our headers; an answer that brings its own policy keeps it, but who may frame it is said in one place."""

        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = [(name.lower(), value) for name, value in message.get("headers", ())]
                policy = dict(own).get(POLICY, self.headers[POLICY])
                ours = {**self.headers, POLICY: policy + b"; " + self.frame_ancestors}
                kept = [(name, value) for name, value in own if name != POLICY and not name.startswith(b"access-control-")]  # no other site reads along
                message = message | {"headers": [*kept, *((name, value) for name, value in ours.items() if name not in dict(kept))]}
            await send(message)

        return stamped


def _said(status: int, sentence: str, **headers: str) -> PlainTextResponse:
    return PlainTextResponse(sentence + "\n", status, headers | {"Cache-Control": "no-store"})


def _under(path: str, roots: tuple[str, ...]) -> bool:
    return any(path == root or path.startswith(root + "/") for root in roots)


def _client(scope: Scope) -> str:
    """The address of the reader; behind a proxy on this machine the one it names (uvicorn reads X-Forwarded-For from loopback only)."""
    return scope["client"][0] if scope.get("client") else ""


def _is_local(scope: Scope) -> bool:
    client = _client(scope)
    return _is_address(client) and ipaddress.ip_address(client).is_loopback


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _name(host: str | None) -> str | None:
    """The name in a Host header, without its port; None for one that is none."""
    if not host or any(letter in host for letter in "/\\@?# \t"):
        return None
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # raises ValueError when it is no number
    except ValueError:
        return None
    return parts.hostname.lower().rstrip(".") if parts.hostname else None


def _is_same(origin: str, host: str | None) -> bool:
    parts = urlsplit(origin)
    return parts.scheme in ("http", "https") and parts.netloc == host
