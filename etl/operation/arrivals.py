"""Which files of an inbox have come whole. Nothing is opened, moved or loaded here.

Looking every few seconds is enough and works wherever files arrive. The kernel's notices (inotify, by watchdog or watchfiles)
are not given for folders that another machine writes over NFS or SMB, and a file would still have to be waited for after them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from etl.loading.intake import discover
from etl.sources.masks import spelled

MARKER = ".done"

Signature = tuple[int, int, int]  # size, modification time in ns, inode


def signature(path: Path) -> Signature | None:
    """Return what changes when a file is written to or replaced; None when it is gone."""
    try:
        about = path.stat()
    except FileNotFoundError:
        return None
    return about.st_size, about.st_mtime_ns, about.st_ino


@dataclass(frozen=True)
class Arrival:
    """One file that has come whole, as it was seen."""

    path: Path
    seen: Signature

    @property
    def name(self) -> str:
        """Its name as it may be shown, and as a report bears it."""
        return spelled(self.path.name)

    @property
    def marker(self) -> Path:
        return self.path.with_name(self.path.name + MARKER)

    @property
    def has_changed(self) -> bool:
        return signature(self.path) != self.seen


class Arrivals:
    """The files of one inbox, look after look.

    Symbolic links are no files here. A file has come whole when its size, time and place on the disk have not changed for `quiet_s` seconds of our own clock; the
    file's time alone proves nothing, for copying may set it. With `needs_marker` it has come whole when NAME.done lies beside it.
    Hidden files and .part, .tmp, .crdownload are passed over, as `smartport load` does.
    """

    def __init__(self, inbox: Path, quiet_s: float, *, needs_marker: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self.inbox, self.quiet_s, self.needs_marker, self._clock = inbox, quiet_s, needs_marker, clock
        self.took_s = 0.0  # how long the last look took
        self._since: dict[Path, tuple[Signature, float]] = {}

    def look(self) -> list[Arrival]:
        """Return the files that have come whole, by name. Raises InputError when the inbox is not there."""
        started = time.monotonic()
        names = discover(self.inbox)
        now, before, whole = self._clock(), self._since, []
        self._since = {}
        markers = {path for path in names if path.name.endswith(MARKER)}
        for path in names:
            seen = signature(path) if path not in markers else None
            if seen is None:
                continue
            since = before[path][1] if path in before and before[path][0] == seen else now
            self._since[path] = (seen, since)
            if path.with_name(path.name + MARKER) in markers if self.needs_marker else now - since >= self.quiet_s:
                whole.append(Arrival(path, seen))
        self.took_s = time.monotonic() - started
        return whole

    def links(self) -> list[Path]:
        """Return the symbolic links of the inbox, by name: they are never followed, for whoever may drop one must not choose which file of this machine is read."""
        return sorted(path for path in self.inbox.rglob("*") if path.is_symlink() and not path.name.startswith("."))

    @property
    def waiting_n(self) -> int:
        """How many files the last look found, whole or not."""
        return len(self._since)
