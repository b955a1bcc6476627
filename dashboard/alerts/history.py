"""What alerts did, kept: an append-only file of JSON lines, home/alerts/history.jsonl (mode 600), and the state that follows from it.

    with history.held(settings) as kept:                      # one writer at a time
        kept.add("opened", port="MACAS", rule="gate_late", group="", figure=7.2, ...)
    found = history.fold(history.read(settings).lines, "MACAS")     # what is open, what was raised and cleared, newest first

Events: opened, updated, cleared; and of each message about them: held (quiet hours), sent, failed, dropped (given up). A line is written by one call and
synced; a line torn by a crash is passed over and counted. Nothing is ever rewritten.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from etl.errors import BusyError
from etl.settings import Settings

EVENTS = ("opened", "updated", "cleared")
MESSAGES = ("held", "sent", "failed", "dropped")
LOCK_SECONDS = 90.0
_FILE = "history.jsonl"


@dataclass(frozen=True)
class Lines:
    """The lines of the file, oldest first, and how many were unreadable."""

    lines: tuple[Mapping[str, Any], ...]
    torn_n: int = 0


@dataclass
class Alert:
    """One alert from its raising to its clearing: lines of the history, `messages` those about what was sent of it."""

    id: str
    rule: str
    group: str
    opened: Mapping[str, Any]
    updates: list[Mapping[str, Any]] = field(default_factory=list)
    cleared: Mapping[str, Any] | None = None
    messages: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str]:
        return self.rule, self.group

    @property
    def last(self) -> Mapping[str, Any]:
        """The newest figure written down while it was open."""
        return self.updates[-1] if self.updates else self.opened

    @property
    def lines(self) -> list[Mapping[str, Any]]:
        """All its lines, in the order they were written but for messages, which follow."""
        return [self.opened, *self.updates, *([self.cleared] if self.cleared else []), *self.messages]

    @property
    def is_open(self) -> bool:
        return self.cleared is None


def path_of(settings: Settings) -> Path:
    return settings.alerts / _FILE


def read(settings: Settings) -> Lines:
    """Return every whole line; none where there is no history. Raises OSError where it may not be read. Read anew only where the file has changed."""
    path = path_of(settings)
    try:
        seen = path.stat()
    except FileNotFoundError:
        return Lines(())
    return _read(path, seen.st_mtime_ns, seen.st_size, seen.st_ino)


@lru_cache(maxsize=4)
def _read(path: Path, _changed: int, _size: int, _file: int) -> Lines:
    raw = path.read_bytes()
    found, torn = [], 0
    for line in raw.split(b"\n"):
        if not line:
            continue
        try:
            told = json.loads(line)
            is_ours = isinstance(told, dict) and told.get("event") in (*EVENTS, *MESSAGES) and isinstance(told.get("alert"), str) and isinstance(told.get("at"), str)
        except ValueError:
            is_ours = False
        if is_ours:
            found.append(told)
        else:
            torn += 1
    return Lines(tuple(found), torn)


def fold(lines: Iterable[Mapping[str, Any]], port_code: str) -> list[Alert]:
    """Return the alerts of a port, in the order they were raised."""
    found: dict[str, Alert] = {}
    for line in lines:
        if line.get("port") != port_code:
            continue
        event, known = line["event"], found.get(line["alert"])
        if event == "opened":
            found[line["alert"]] = Alert(line["alert"], line["rule"], line["group"], line)
        elif known is None:
            continue  # its first line was torn: there is nothing to go on
        elif event == "updated":
            known.updates.append(line)
        elif event == "cleared":
            known.cleared = line
        else:
            known.messages.append(line)
    return list(found.values())


def number(port_code: str, rule: str, group: str, at: str) -> str:
    """The alert's number: the same for the same port, rule, group and instant. Ports of one home share rules and history."""
    return hashlib.sha256(f"{port_code}|{rule}|{group}|{at}".encode()).hexdigest()[:12]


class Kept:
    """The history, open for writing."""

    def __init__(self, settings: Settings, path: Path) -> None:
        self._path = path
        self.lines = list(read(settings).lines)

    def add(self, event: str, at: dt.datetime, **told: Any) -> Mapping[str, Any]:
        """Append one line and sync it to the disk; return it."""
        line = {"at": at.isoformat(timespec="milliseconds"), "event": event, **told}
        raw = json.dumps(line, ensure_ascii=False).encode() + b"\n"
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            size = os.fstat(handle).st_size
            if size and os.pread(handle, 1, size - 1) != b"\n":
                raw = b"\n" + raw  # the line before was torn by a crash: it stays a line of its own
            while raw:
                raw = raw[os.write(handle, raw) :]
            os.fsync(handle)
        finally:
            os.close(handle)
        self.lines.append(line)
        return line


@contextlib.contextmanager
def held(settings: Settings, wait_seconds: float = LOCK_SECONDS) -> Iterator[Kept]:
    """Hold the history for writing; waits for another evaluation to end. Raises BusyError if it does not."""
    settings.alerts.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings.alerts.chmod(0o700)
    handle = os.open(settings.alerts / "evaluating.lock", os.O_RDWR | os.O_CREAT, 0o600)
    until = time.monotonic() + wait_seconds
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise BusyError(str(settings.alerts), "another evaluation of the alerts is running", "", "Wait for it to end; it tells what this one would have") from None
                time.sleep(0.1)
        yield Kept(settings, path_of(settings))
    finally:
        os.close(handle)
