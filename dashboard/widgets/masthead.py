"""The head of every page: whose port, the stamp of fictitious data, the menu, the language. Links carry language and filters."""

from __future__ import annotations

import html
from collections.abc import Mapping

import streamlit as st

from dashboard.access import asking
from dashboard.i18n import LANGUAGES, Translator
from dashboard.screens import PAGES, Page
from dashboard.widgets import address, door, scripts


def show(say: Translator, port_name: str, is_sample: bool, here: Page, pages: Mapping[str, object], query: Mapping[str, str], marks: Mapping[str, int] | None = None, ports: Mapping[str, str] | None = None) -> None:
    """Draw the masthead. `query` are the address parameters every link keeps; `marks` a count behind a page's title, where there is something to see;
    `ports` the names of all published ports by code, where there are several to choose from.
    """
    with st.container(key="masthead"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="masthead_top"):
            _whose(say, port_name, is_sample, ports or {})
            st.space("stretch")
            _links(say, "tools", here, pages, query, marks or {})
            with st.container(key="languages", horizontal=True, gap="small", width="content"):
                for language in LANGUAGES:
                    with st.container(key=f"here-lang-{language.code}" if language.code == say.lang else f"lang-{language.code}", width="content"):
                        st.button(language.short, key=f"speak-{language.code}", type="tertiary", on_click=address.speak, args=(language.code,))
            door.account(say)
        _links(say, "subjects", here, pages, query, marks or {})


def _whose(say: Translator, port_name: str, is_sample: bool, ports: Mapping[str, str]) -> None:
    """The port, or the choice among several, and the stamp. Where people sign in, more stands in the same line: the stamp then goes below, and what the pages are about is left out."""
    is_tight = bool(ports) or asking.is_on()
    with st.container(key="whose", horizontal=not is_tight, vertical_alignment="center", gap="xsmall" if is_tight else "medium", width="content"):
        if ports:
            st.selectbox(say("Port"), list(ports), key=address.PORT, on_change=address.travel, format_func=lambda code: ports[code], required=True, label_visibility="collapsed", width=230)
        else:
            about = "" if is_tight else f"<small>{html.escape(say('Trucks at the port, from its own logs'))}</small>"
            st.html(f'<div class="brand{" tight" if is_tight else ""}"><div>{html.escape(port_name)}{about}</div></div>', width="content")
        if is_sample:
            st.html(stamp(say), width="content")


def _links(say: Translator, menu: str, here: Page, pages: Mapping[str, object], query: Mapping[str, str], marks: Mapping[str, int]) -> None:
    with st.container(key=f"menu-{menu}", horizontal=True, gap="medium", width="stretch" if menu == "subjects" else "content"):
        for page in PAGES:
            if page.menu == menu and page.code in pages:
                with st.container(key=f"here-{page.code}" if page is here else f"menu-{page.code}", width="content"):
                    st.page_link(pages[page.code], label=say(page.title) + (f" ({marks[page.code]})" if marks.get(page.code) else ""), query_params=dict(query))


def stamp(say: Translator) -> str:
    """The stamp every screen of fictitious data carries, as HTML."""
    return f'<span class="stamp" data-testid="sample-stamp">{html.escape(say("Demonstration data - fictitious"))}</span>'


def direction(say: Translator) -> None:
    """Tell the browser the page's language and direction."""
    st.html(scripts.tag(scripts.DIRECTION, lang=say.lang, dir=say.direction), unsafe_allow_javascript=True)
