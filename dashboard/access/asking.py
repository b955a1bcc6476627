"""Who is asking right now, in whatever thread: pages, files and papers ask the store, and the store asks here.

    asking.current()                        # the Viewer: decided anew by the rules at every call. Raises AccessError
    with asking.seen_by(person): ...        # in a route, a thread of the store's, a test
    with asking.as_house(): ...             # work of the server's own that nobody asked for
    asking.enforce(settings, find)          # once, by the server: from now on nobody is the house by himself

Where nobody signs in (the demonstration, the command line) the answer is the house, at the cost of one comparison.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar

from dashboard.access import rules
from dashboard.access.ended import Ended
from dashboard.access.viewer import HOUSE, AccessError, Person, Viewer
from etl.settings import Settings

_NOBODY = object()
_asking: ContextVar[object] = ContextVar("asking", default=_NOBODY)
_watched: rules.Watched | None = None
_ended: Ended | None = None


def nobody() -> None:
    """Who runs a thread that is no page's."""
    return


_find: Callable[[], Person | None] = nobody


def enforce(settings: Settings | None, find: Callable[[], Person | None] = nobody) -> bool:
    """Let people in by the rules of this installation from now on, if it has any; return whether it has. None for the settings lets everybody in again (tests).

    `find` says who runs this thread's page, if it is a page's. Raises SettingsError for rules that are wrong: a server does not start with them.
    """
    global _watched, _ended, _find
    _watched, _find = (rules.Watched(settings) if settings is not None and rules.load(settings) is not None else None), find
    _ended = Ended(settings) if settings is not None else None
    return _watched is not None


def is_on() -> bool:
    """Whether people sign in here."""
    return _watched is not None


def current() -> Viewer:
    """Return who is asking. Raises AccessError for one who has not signed in, or may not any more."""
    given = _asking.get()
    if isinstance(given, Viewer):
        return given
    if _watched is None:
        return HOUSE
    person = _find() if given is _NOBODY else given
    viewer = _watched.rules().viewer(person)
    if _ended.has(person):
        raise AccessError("expired", contact=viewer.contact)
    return viewer


def held() -> object:
    """What says who asks in this thread, to be handed to another one: `with seen_by(held)`. A person, not a viewer, so that the other one's questions are judged when they are asked."""
    given = _asking.get()
    return _find() if given is _NOBODY and _watched is not None else given


def subject() -> str:
    """The number of who asks, for the audit log; empty for somebody unknown."""
    who = held()
    return who.subject if isinstance(who, (Person, Viewer)) else ""


def rules_now() -> rules.Rules:
    """The rules as they are now. Raises AccessError where they cannot be read; only where people sign in."""
    assert _watched is not None, "nobody signs in here"
    return _watched.rules()


@contextlib.contextmanager
def seen_by(who: object) -> Iterator[None]:
    """Ask as this person (None: nobody, who is refused) or viewer inside."""
    token = _asking.set(who)
    try:
        yield
    finally:
        _asking.reset(token)


def as_house() -> contextlib.AbstractContextManager[None]:
    """Ask as the house itself inside: for the server's own work, never for a reader's."""
    return seen_by(HOUSE)
