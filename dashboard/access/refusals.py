"""Refusals in the audit log, of whoever asks in vain as often as he likes: at most one line a minute of a person, a thing and a reason, which says how many there were.

    refusals.note(settings, "f3a1c9", "export", "rows", port="MACAS")    # a line at once, or one more in the next line

The first of a minute is written at once. Those after it are counted, and written together when the minute is over. Whoever asks for different things is bounded too:
`what` and `reason` are words of ours, and so many are counted apart at once.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
from dataclasses import dataclass

from dashboard.access import audit
from etl.settings import Settings

EVERY_S = 60.0
MOST = 1_000  # persons, things and reasons counted apart; what is beyond is counted together, as of somebody unknown
_OTHERS = ("", "other refusals", "", "")
log = logging.getLogger(__name__)


@dataclass
class _Counted:
    written: float  # when its last line was written, monotonic
    n: int = 0  # refusals since


_counted: dict[tuple[Settings, str, str, str, str], _Counted] = {}
_lock = threading.Lock()
_timer: threading.Timer | None = None


def note(settings: Settings, subject: str, what: str, reason: str, port: str = "") -> None:
    """Write a refusal down, or count it. Nothing is raised where the log cannot be written: who is refused stays refused, and the server's own log says so."""
    with _lock:
        now, key = time.monotonic(), (settings, subject, what, reason, port)
        for old in [each for each, counted in _counted.items() if not counted.n and now - counted.written >= EVERY_S]:
            del _counted[old]
        if key not in _counted and len(_counted) >= MOST:
            key = (settings, *_OTHERS)
        if key in _counted:
            _counted[key].n += 1
            _wake()
        else:
            _counted[key] = _Counted(now)
            _write(key, 1)


def _wake() -> None:
    global _timer
    if _timer is None:
        _timer = threading.Timer(EVERY_S, _flush)
        _timer.daemon = True
        _timer.start()


def _flush(*, is_end: bool = False) -> None:
    """Write what was counted and whose minute is over; at the end of the process all of it."""
    global _timer
    with _lock:
        _timer, now = None, time.monotonic()
        for key, counted in _counted.items():
            if counted.n and (is_end or now - counted.written >= EVERY_S):
                _write(key, counted.n)
                counted.n, counted.written = 0, now
        if not is_end and any(counted.n for counted in _counted.values()):
            _wake()


def _write(key: tuple[Settings, str, str, str, str], n: int) -> None:
    settings, subject, what, reason, port = key
    try:
        audit.record("refused", subject, settings=settings, what=what, reason=reason or None, port=port or None, times=n if n > 1 else None)
    except OSError as error:
        log.error("%d refusals could not be written into the audit log: %s", n, error.strerror)


atexit.register(_flush, is_end=True)
