"""Frame: what every page is handed. Made once a run by app.py, fetched by a page script with `current()`.

    page = current()
    _ = page.say                                                   # translator of the reader's language
    result = page.ask(["turnaround_p50", "turnaround_p90"], by=["lane"])
    st.page_link(page.to("turnaround"), ...); page.query(drill="lane:6A")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import streamlit as st

from dashboard import format as words
from dashboard import store
from dashboard.i18n import Translator
from dashboard.metrics import Result
from dashboard.selection import Selection
from dashboard.widgets.address import KEPT

_KEY = "frame"


@dataclass(frozen=True)
class Frame:
    """The build, the question and the reader's language.

    `names` gives words for site codes (filter -> code -> name) in the reader's language; `pages` the st.Page of every page code;
    `own` the page's own parameters of the address (visit, drill), as text.
    """

    store: store.Store
    selection: Selection
    say: Translator
    names: Mapping[str, Mapping[str, str]]
    pages: Mapping[str, object]
    own: Mapping[str, str] = field(default_factory=dict)

    @property
    def lang(self) -> str:
        return self.say.lang

    def ask(self, metrics: Sequence[str], by: Sequence[str] = (), *, selection: Selection | None = None, **how: object) -> Result:
        """Ask the store about the page's selection, or another one."""
        return self.store.ask(selection or self.selection, metrics, by, **how)

    def ahead(self, *questions: Callable[[Frame], object]) -> None:
        """Begin to answer the questions these functions of a page ask, side by side, before the page comes to them.

        They run in threads of the store's: a function given here asks, and does nothing else.
        """
        self.store.ahead(*(partial(question, self) for question in questions))

    def to(self, page_code: str) -> object:
        """The st.Page of a page code, for st.page_link and st.switch_page."""
        return self.pages[page_code]

    def query(self, **own: str) -> dict[str, str]:
        """Address parameters of a link that keeps language, port and filters, plus the target page's own."""
        kept = {name: st.session_state[f"{name}_chosen"] for name in KEPT if st.session_state.get(f"{name}_chosen")}
        return self.selection.to_query() | kept | {name: value for name, value in own.items() if value}

    def name(self, dimension: str, code: object) -> str:
        """Words for a code of a site list (gate, lane, terminal, place, zone), else the code itself."""
        return self.names.get(dimension, {}).get(str(code)) or words.name(str(code))

    def place(self, code: str | None) -> str:
        """Words for a place of any kind (service point, gate, lane, terminal, zone); empty for none."""
        if not code:
            return ""
        return next((self.names[kind][code] for kind in ("place", "gate", "lane", "terminal", "zone") if code in self.names.get(kind, {})), code)


def keep(frame: Frame) -> Frame:
    st.session_state[_KEY] = frame
    return frame


def current() -> Frame:
    """The frame of this run."""
    return st.session_state[_KEY]
