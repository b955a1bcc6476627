"""The door of the pages: who has signed in by Streamlit's cookie, what one sees who may not enter, and the way out. Where nobody signs in it stands open and unseen.

    app = st.App(..., secrets=door.secrets(settings), middleware=[..., *door.middleware()], on_script_error=door.explained)       # server.py
    if not door.enter(say): return                                                                                                # app.py

Streamlit reads the cookie once a session, checks neither the audience nor the end of the token, and never leaves a tab that was signed out in another one:
all of that is asked at every question (dashboard/access/asking.py). Routes beside the pages see the same cookie by the middleware.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping, Sequence
from http.cookies import SimpleCookie
from urllib.parse import quote, unquote, urlsplit

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.auth_util import get_cookie_with_chunks
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from dashboard.access import asking, audit, ended, refusals, rules
from dashboard.access.viewer import REASONS, ROLES, AccessError, Person, Viewer
from dashboard.i18n import Translator, translator
from dashboard.screens import PAGES, Page
from dashboard.selection import Note
from dashboard.store import Store
from dashboard.widgets.frame import current
from etl.settings import Settings

_OPEN = ("/_stcore/", "/static/", "/app/static/", "/media/", "/component/")  # what asks the store nothing
_CALLBACK, _LOGOUT = "/oauth2callback", "/auth/logout"
_WANTED, _LONGEST = "_smartport_wanted", 3000  # the cookie of the page that was asked for, and its letters
_PAGES = frozenset(page.url for page in PAGES)
PARAMETER = "refused"  # of the address after a sign-in that was not accepted
_settings: Settings | None = None


def secrets(settings: Settings) -> dict[str, dict[str, object]] | None:
    """Switch sign-in on if the installation has its file; return what Streamlit needs for it. Raises SettingsError for a file that is wrong."""
    global _settings
    _settings = settings
    return asking.rules_now().for_streamlit(rules.cookie_secret(settings)) if asking.enforce(settings, person) else None


def middleware() -> list[Middleware]:
    """The middleware, where people sign in."""
    return [Middleware(Door)] if asking.is_on() else []


def person() -> Person | None:
    """Who runs this thread's page; None in a thread that runs none, or of a session nobody has signed in to."""
    context = get_script_run_ctx(suppress_warning=True)
    return None if context is None or not context.user_info.get("is_logged_in") else Person.of(context.user_info, asking.rules_now().groups_claim)


class Door:
    """The middleware: says who asks in routes beside the pages, and writes down who comes and goes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_OPEN):
            await self.app(scope, receive, send)
            return
        cookies = Request(scope).cookies
        if scope["path"].endswith(_LOGOUT) and (leaving := _of_cookies(cookies)) is not None:
            ended.end(_settings, leaving)
            audit.record("sign_out", leaving.subject, settings=_settings)
        comes, who = scope["path"].endswith(_CALLBACK) and scope["query_string"], _of_cookies(cookies)

        async def heard(message: Message) -> None:
            if message["type"] == "http.response.start" and comes:
                message = _came(message, cookies.get(_WANTED, ""))
            elif message["type"] == "http.response.start" and not _is_in(who) and scope["path"].strip("/") in _PAGES:
                message = message | {"headers": [*message.get("headers", ()), _cookie(_wanted(scope), 600)]}
            await send(message)

        with asking.seen_by(who):
            await self.app(scope, receive, heard)


def _is_in(who: Person | None) -> bool:
    try:
        with asking.seen_by(who):
            asking.current()
    except AccessError:
        return False
    return True


def _wanted(scope: Scope) -> str:
    """The page somebody asked for before signing in, who is led there afterwards: one of ours, and an address without anything a cookie cannot hold."""
    asked = scope["path"].strip("/") + "?" + scope["query_string"].decode("latin-1")
    return quote("/" + asked.rstrip("?"), safe="")[:_LONGEST]


def _cookie(value: str, seconds: int) -> tuple[bytes, bytes]:
    return b"set-cookie", f"{_WANTED}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax".encode("ascii")


def _came(message: Message, wanted: str) -> Message:
    """Write down who has signed in, as the cookie says that is being set, and lead him to the page he wanted. Where the provider's answer was refused the first page is told to say so."""
    fresh: dict[str, str] = {}
    for name, value in message.get("headers", ()):
        if name.lower() == b"set-cookie":
            fresh |= {key: morsel.value for key, morsel in SimpleCookie(value.decode("latin-1")).items()}
    came = _of_cookies(fresh)
    try:
        if came is None:
            raise AccessError("not_accepted")
        with asking.seen_by(came):
            viewer = asking.current()
        audit.record("sign_in", viewer, settings=_settings, **_given(viewer))
    except AccessError as error:
        refusals.note(_settings, came.subject if came else "", "sign-in", error.reason)
    page = urlsplit(unquote(wanted))
    if came is None:
        there = f"?{PARAMETER}=1"
    else:
        question = f"?{quote(page.query, safe='=&,:+%')}" if page.query else ""
        there = page.path.strip("/") + question if not page.netloc and page.path.strip("/") in _PAGES else ""
    return message | {"headers": [*((name, value + there.encode("ascii") if name.lower() == b"location" else value) for name, value in message.get("headers", ())), _cookie("", 0)]}


def _given(viewer: Viewer) -> dict[str, str | None]:
    """What the audit log says of a sign-in: roles and terminals, and those of single ports."""
    at_ports = "; ".join(f"{' '.join(grant.ports)}: {' '.join((*sorted(grant.roles), *(grant.terminals or ())))}" for grant in viewer.grants if grant.ports)
    return {"roles": " ".join(sorted(viewer.roles)), "terminals": " ".join(viewer.terminals) if viewer.terminals is not None else None, "ports": at_ports or None}


def limited(scope: Scope) -> None:
    """Write down who asked for too many files, where people sign in."""
    if asking.is_on():
        who = _of_cookies(Request(scope).cookies)
        refusals.note(_settings, who.subject if who else "", scope["path"].strip("/").partition("/")[0], "limit")


def _of_cookies(cookies: Mapping[str, str]) -> Person | None:
    """Who has signed in by these cookies, None where they are none of ours; what may be seen is decided at the question."""

    def one(name: str) -> bytes | None:
        value = cookies.get(name)
        return decode_signed_value(get_cookie_secret(), name, value.encode("latin-1")) if value else None

    told = get_cookie_with_chunks(one, USER_COOKIE_NAME)
    try:
        claims = json.loads(told) if told else None
        return Person.of(claims, asking.rules_now().groups_claim) if isinstance(claims, dict) and claims.get("is_logged_in") else None
    except (ValueError, AccessError):
        return None


# ---------------------------------------------------------------------- what a reader sees
def enter(say: Translator) -> bool:
    """Whether this reader may enter; else draw the wall with the reason and the way in."""
    if not asking.is_on():
        return True
    try:
        asking.current()
    except AccessError as error:
        is_back = error.reason == "signed_out" and PARAMETER in st.query_params
        wall(say, AccessError("not_accepted", **error.values) if is_back else error)
        return False
    st.session_state.pop("refused", None)
    return True


def wall(say: Translator, error: AccessError) -> None:
    came = person()
    if came is not None and st.session_state.get("refused") != error.reason:  # once a session and reason
        st.session_state["refused"] = error.reason
        refusals.note(_settings, came.subject, "pages", error.reason)
    with st.container(key="door"):
        st.title(say("Trucks at the port"), anchor=False)
        st.html(f'<p class="lead" data-testid="door-{error.reason}">{html.escape(sentence(say, error))}</p>')
        if error.reason == "settings":
            return
        with st.container(horizontal=True, gap="medium"):
            if st.button(say("Sign in"), key="sign_in", type="primary"):
                st.login()
            if came is not None and st.button(say("Sign out"), key="sign_out"):
                st.logout()


def must_open(page: Page, port: Store) -> None:
    """Raise AccessError where a page is not open to this reader at this port."""
    viewer = port.viewer()
    if page.act:
        viewer.must(page.act)
    if page.is_whole and viewer.terminals is not None:
        raise AccessError("page", **viewer.said())


def shown(pages: Mapping[str, object], known: Sequence[Page], port: Store) -> dict[str, object]:
    """The pages whose links this reader sees at this port. One that is for some roles only is not offered where nobody signs in."""
    viewer, is_on = port.viewer(), asking.is_on()
    closed = {page.code for page in known if (page.act and not (is_on and viewer.may(page.act))) or (page.is_whole and viewer.terminals is not None)}
    return {code: page for code, page in pages.items() if code not in closed}


def account(say: Translator) -> None:
    """The way out, in the masthead, with the reader's roles at this port beside it."""
    if not asking.is_on():
        return
    viewer = current().store.viewer()
    with st.container(key="account", width="content"):
        if st.button(say("Sign out"), key="sign_out", type="tertiary", help="  \n".join(say(words) for role, words in ROLES.items() if role in viewer.roles)):
            st.logout()


def note(say: Translator, names: Mapping[str, str], notes: Iterable[Note], port: Store) -> None:
    """Tell a reader of some terminals which figures are his and which the port's, and that another terminal in his address (`notes`) is not open to him."""
    viewer = port.viewer()
    if (own := viewer.terminals) is not None:
        if asked := [note.value for note in notes if note.name == "terminal" and note.value in port.terminals()]:
            refused(say, AccessError("terminal", terminal=asked[0], **viewer.said()))
        named = say(", ").join(names.get(code, code) for code in own)
        st.html(f'<p class="quiet" data-testid="scope">{html.escape(say("You see the trucks of {own}. Totals without a filter are of the whole port; lists, splits and filtered figures are yours alone.", own=named))}</p>')


def refused(say: Translator, error: AccessError, what: str = "pages") -> None:
    """Say that something is not open to this reader: a page by its code, a file, a terminal. The first time in a session it is written down; a page runs anew at every click."""
    told = st.session_state.setdefault("told_refused", set())
    if asking.is_on() and (came := person()) is not None and (asked := (error.values.get("terminal") or what, error.reason)) not in told:
        told.add(asked)
        refusals.note(_settings, came.subject, *asked, port=current().store.port_code)
    st.warning(sentence(say, error), icon=":material/lock:")


def explained(error: Exception) -> bool:
    """Whether an uncaught error was one of access, said in the reader's language: for parts of a page that run again by themselves."""
    if isinstance(error, AccessError):
        refused(translator(st.session_state.get("lang_chosen", "en")), error)
    return isinstance(error, AccessError)


def sentence(say: Translator, error: AccessError) -> str:
    values = {name: say(value) if name == "contact" else value for name, value in error.values.items()}
    return say(REASONS[error.reason], **values)
