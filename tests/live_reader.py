"""A reader without a browser: one websocket session that speaks Streamlit's protocol as the page's own script does. For the attack test and the benchmark of many users.

    with Reader("http://127.0.0.1:8501") as reader:
        answer = reader.ask("lang=en&d=90d", page="turnaround")     # a deep link, or a click that changes the address
        answer.texts("html"), answer.seconds, answer.differs(another)
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

# What differs between two runs of one question and is no answer: addresses of one-time links and of files in memory, numbers of clicks, ids of fragments.
_VOLATILE = re.compile(r"/export/[\w-]+|/media/[\w.]+|data-click=\\?\"\d+")
# A sum of many minutes ends in other last digits when its parts are added in another order, as threads do: nine digits are compared.
_LONG = re.compile(r"-?\d+\.\d{6,}(?:e-?\d+)?")
SHOWN = ("html", "markdown", "heading", "text", "alert", "metric", "plotly_chart", "arrow_data_frame", "arrow_table", "table", "deck_gl_json_chart", "iframe")


@dataclass
class Answer:
    """What one run of the page sent: elements by their place on the page, in order of that place."""

    elements: dict[tuple[int, ...], object] = field(default_factory=dict)
    seconds: float = 0.0
    bytes_n: int = 0
    raw: list[bytes] = field(default_factory=list)
    is_finished: bool = False
    closed: int = 0  # the code with which the server closed the session instead
    query: str = ""

    def texts(self, kind: str) -> list[str]:
        """Return the words of all elements of a kind: html, markdown, alert, ..."""
        found = [getattr(each, kind) for _, each in sorted(self.elements.items()) if each.WhichOneof("type") == kind]
        return [str(getattr(each, "body", each)) for each in found]

    def shown(self) -> dict[tuple[int, ...], str]:
        """Return every figure and word shown by its place, the same for the same question and build. Inputs are left out: they carry the session's state."""
        found = {}
        for place, element in self.elements.items():
            if (kind := element.WhichOneof("type")) in SHOWN:
                body = getattr(element, kind)
                body = type(body).FromString(body.SerializeToString())
                for name in ("id", "form_id"):
                    if name in body.DESCRIPTOR.fields_by_name:
                        body.ClearField(name)
                found[place] = f"{kind} {_LONG.sub(lambda number: f'{float(number[0]):.9g}', _VOLATILE.sub('', str(body)))}"
        return found

    def differs(self, other: Answer) -> str:
        """Return where two answers first differ, in words; empty where they do not."""
        mine, theirs = self.shown(), other.shown()
        for place in sorted({*mine, *theirs}):
            one, two = mine.get(place, ""), theirs.get(place, "")
            if one != two:
                at = next((index for index, (left, right) in enumerate(zip(one, two, strict=False)) if left != right), min(len(one), len(two)))
                return f"at {place}: {one[max(0, at - 60) : at + 60]!r} against {two[max(0, at - 60) : at + 60]!r}"
        return ""


class Reader:
    """One session. `host` and `origin` may lie, as an attacker's would."""

    def __init__(self, base: str, *, host: str | None = None, origin: str | None = "", timeout: float = 60, insecure: ssl.SSLContext | None = None, cookie: str = "", locale: str = "en-GB") -> None:
        self.base, self.timeout, self.locale = base.rstrip("/"), timeout, locale
        self._pages: dict[str, str] = {}
        parts = urlsplit(self.base)
        address = f"{'wss' if parts.scheme == 'https' else 'ws'}://{host or parts.netloc}/_stcore/stream"
        line = socket.create_connection((parts.hostname, parts.port), timeout) if host else None  # the name is told, not looked up
        self.socket: ClientConnection = connect(address, sock=line, origin=self.base if origin == "" else origin, additional_headers={"Cookie": cookie} if cookie else None, subprotocols=["streamlit"], max_size=None, open_timeout=timeout, close_timeout=1, ssl=insecure, legacy=True)

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def ask(self, query: str = "", *, page: str = "", keep_raw: bool = False) -> Answer:
        """Send what a page's script sends for this address, and wait for the end of the run."""
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_name = query, page
        if page in self._pages:
            state.page_script_hash = self._pages[page]
        state.context_info.locale, state.context_info.timezone, state.context_info.url = self.locale, "UTC", f"{self.base}/{page}"
        return self.send(message.SerializeToString(), keep_raw=keep_raw)

    def link(self, query: str, *, page: str, label: str) -> str:
        """Open a page, press the first button of that label and return the address of the file it offers."""
        pressed = next(each.button for _, each in sorted(self.ask(query, page=page).elements.items()) if each.WhichOneof("type") == "button" and each.button.label == label)
        message = BackMsg()
        widget = message.rerun_script.widget_states.widgets.add()
        widget.id, widget.trigger_value = pressed.id, True
        message.rerun_script.query_string, message.rerun_script.page_name, message.rerun_script.page_script_hash = query, page, self._pages[page]
        (address,) = re.findall(r'data-href="(export/[^"]+)"', " ".join(self.send(message.SerializeToString()).texts("html")))
        return address

    def send(self, data: bytes | str, *, keep_raw: bool = False) -> Answer:
        """Send any frame and gather what comes back until the run ends, the server closes or the time is over."""
        from websockets.exceptions import ConnectionClosed

        answer, began = Answer(), time.perf_counter()
        try:
            self.socket.send(data)
            while not answer.is_finished:
                received = self.socket.recv(timeout=max(self.timeout - (time.perf_counter() - began), 0.01))
                answer.bytes_n += len(received)
                if keep_raw:
                    answer.raw.append(received)
                self._take(ForwardMsg.FromString(received), answer)
        except ConnectionClosed as closed:
            answer.closed = closed.rcvd.code if closed.rcvd else 1006
        except TimeoutError:
            pass
        answer.seconds = time.perf_counter() - began
        return answer

    def _take(self, message: ForwardMsg, answer: Answer) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            answer.elements.clear()
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            answer.elements[tuple(message.metadata.delta_path)] = message.delta.new_element
        elif kind == "page_info_changed":
            answer.query = message.page_info_changed.query_string
        elif kind == "navigation":
            self._pages = {each.url_pathname: each.page_script_hash for each in message.navigation.app_pages}
        elif kind == "script_finished":
            answer.is_finished = True
