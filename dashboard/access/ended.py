"""Sign-ins that have ended before their token did: whoever signs out is out in every tab, and a copy of his cookie is worth nothing.

home/settings/signed_out, a JSON list a sign-out: when, the issue time of the youngest token it ends, and the person's number. Tokens issued up to then are refused;
lines older than a cookie lives count no more. By the provider's own times, so that two clocks need not agree.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from dashboard.access.viewer import Person
from etl.settings import Settings

LIFE_S = 32 * 86_400  # a sign-in cookie lives 30 days


class Ended:
    """What has ended, read again when the file has changed."""

    def __init__(self, settings: Settings) -> None:
        self._path, self._mark, self._until = settings.keys / "signed_out", None, {}

    def has(self, person: Person) -> bool:
        try:
            told = os.stat(self._path)
        except FileNotFoundError:
            return False
        mark = (told.st_mtime_ns, told.st_size)
        if mark != self._mark:
            self._until, self._mark = _read(self._path), mark
        return person.issued_at <= self._until.get(person.subject, -1.0)


def end(settings: Settings, person: Person) -> None:
    """End this sign-in of a person and all older ones."""
    settings.keys.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = settings.keys / "signed_out"
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        os.write(handle, (json.dumps([int(time.time()), person.issued_at, person.subject]) + "\n").encode())
    finally:
        os.close(handle)


def _read(path: Path) -> dict[str, float]:
    until: dict[str, float] = {}
    for line in path.read_text("utf-8").splitlines():
        at, issued_at, subject = json.loads(line)
        if time.time() - at < LIFE_S:
            until[subject] = max(issued_at, until.get(subject, -1.0))
    return until
