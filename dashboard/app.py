"""The frame of every page: language, address, masthead, filter bar, then the page itself. `smartport serve` runs this file.

Reads top to bottom as one run of the page. No figure is made here.
"""

from __future__ import annotations

import html
import sys
from dataclasses import replace
from pathlib import Path

# `streamlit run dashboard/app.py` puts dashboard/ first on the path; the packages live beside it.
ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402

from dashboard import format as words  # noqa: E402
from dashboard import store  # noqa: E402
from dashboard.access.viewer import AccessError  # noqa: E402
from dashboard.alerts import board  # noqa: E402
from dashboard.alerts.seen import is_seen  # noqa: E402
from dashboard.i18n import LANGUAGES, Translator, translator  # noqa: E402
from dashboard.screens import PAGES, Page  # noqa: E402
from dashboard.widgets import address, door, filter_bar, keyboard, later, masthead, no_data, unknown  # noqa: E402
from dashboard.widgets.frame import Frame, keep  # noqa: E402
from etl.errors import BuildError, DamageError  # noqa: E402

HERE = Path(__file__).parent
NAMED = ("gate", "lane", "terminal", "place", "zone", "partner", "regime")


def main() -> None:
    say = translator(_language())
    st.set_page_config(page_title="Smartport", page_icon=str(HERE / "static" / "icon.png"), layout="wide", initial_sidebar_state="collapsed")
    st.html(HERE / "theme.css")
    masthead.direction(say)
    keyboard.show(say)
    pages = {page.code: st.Page(page.path, title=say(page.title), url_path=page.url or None, default=page.url == "") for page in PAGES}
    chosen = st.navigation(list(pages.values()), position="hidden")
    here = next((page for page in PAGES if page.url == chosen.url_path), PAGES[0])
    if not door.enter(say):
        return
    try:
        port = store.of(address.port(store.ports()))
        build = port.build()
    except DamageError as error:
        no_data.damaged(say, str(error))
        return
    except BuildError as error:
        no_data.no_build(say, str(error))
        _look_again()
        return
    except AccessError as error:  # no port that is published is open to this reader
        door.wall(say, error)
        return
    known = port.known()
    selection, notes = address.resolve(port.port_code, build.now_day, known)
    names = {dimension: {code: words.closed(words.name(name), say.lang) for code, name in port.names(dimension, say.lang).items()} for dimension in NAMED}
    page = keep(Frame(port, selection, say, names, pages, address.own()))
    masthead.show(say, words.closed(words.name(build.name(say.lang)), say.lang), build.is_sample, here, door.shown(pages, PAGES, port), page.query(), {"alerts": _open_alerts(port)}, _ports(port, say))
    unknown.note(say)
    door.note(say, names["terminal"], notes, port)
    if here.has_filters:
        filter_bar.show(selection, notes, known, say, names, build.first_day, build.now_day, _left_out(page))
    try:
        door.must_open(here, port)
        if here.url:
            later.wait()
        chosen.run()
        later.begin()
    except AccessError as error:
        door.refused(say, error, here.code)
    except DamageError as error:
        no_data.damaged(say, str(error))
    _foot(say, here, build)


def _ports(shown: store.Store, say: Translator) -> dict[str, str]:
    """The names of the published ports by code, where there are several."""
    if len(store.ports()) < 2:
        return {}
    st.session_state[address.PORT] = shown.port_code
    return {code: words.closed(words.name(name), say.lang) for code, name in store.port_names(say.lang).items()}


def _open_alerts(port: store.Store) -> int:
    """How many alerts are open that this reader may see: from a small file, no query."""
    viewer = port.viewer()
    return sum(is_seen(line, viewer) for line in board.read(port.settings, port.port_code).open)


def _left_out(page: Frame) -> int | None:
    """How many visits the view 'Without inspections, incidents and closures' removes; None in the view that keeps them all."""
    if page.selection.view == "all":
        return None
    return page.ask(("excluded_visits",), selection=replace(page.selection, view="all")).cell("excluded_visits").value


def _language() -> str:
    """The language of the address, else of the session, else of the browser if we speak it, else English."""
    spoken = {language.code for language in LANGUAGES}
    asked = st.query_params.get("lang")
    if asked in spoken:
        st.session_state["lang_chosen"] = asked
        return asked
    if st.session_state.get("lang_chosen") in spoken:
        return st.session_state["lang_chosen"]
    browser = (st.context.locale or "").split("-")[0].lower()
    return browser if browser in spoken else LANGUAGES[0].code


@st.fragment(run_every=5)
def _look_again() -> None:
    """While nothing is published, look every few seconds whether a load has ended."""
    try:
        store.of().build()
    except BuildError:
        return
    st.rerun()


def _foot(say: Translator, here: Page, build: store.Build) -> None:
    parts = [say("Times are local to the port ({zone}).", zone=build.zone_name).rstrip("."), say("Build {build}", build=build.build_id[:12])]
    if build.is_sample:
        parts.insert(0, say("Demonstration data - fictitious"))
    st.html(f'<footer class="foot" data-testid="foot-{here.code}">{html.escape(" · ".join(parts))}</footer>')


main()
