"""The last evaluation as one small file, home/alerts/board.json: what is open, and every rule's last figure. What the page and the masthead read, without a query.

The history says what happened, the board only how things stand; it is written anew by every evaluation and can always be made again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from etl.settings import Settings

_FILE = "board.json"


@dataclass(frozen=True)
class Board:
    """`at` is when it was evaluated (UTC, ISO), None never; `rules` a digest of the rules' file; `readings` and `open` are what evaluation.py wrote, `wrong` rule code (or empty) -> why it was not judged."""

    at: str | None = None
    build: str = ""
    rules: str = ""
    readings: tuple[Mapping[str, Any], ...] = ()
    open: tuple[Mapping[str, Any], ...] = ()
    wrong: Mapping[str, str] = field(default_factory=dict)


def write(settings: Settings, port_code: str, told: Mapping[str, Any]) -> None:
    """Replace a port's board. Raises OSError where it cannot be written."""
    path = _path(settings, port_code)
    part = path.with_suffix(f".{os.getpid()}.part")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(told, file, ensure_ascii=False, indent=1)
    part.replace(path)


def read(settings: Settings, port_code: str) -> Board:
    """Return a port's board, an empty one where nothing was evaluated yet or it cannot be read. One look at the file where it has not changed."""
    path = _path(settings, port_code)
    try:
        seen = path.stat()
    except OSError:
        return Board()
    return _read(path, seen.st_mtime_ns, seen.st_size, seen.st_ino)


@lru_cache(maxsize=8)
def _read(path: Path, _changed: int, _size: int, _file: int) -> Board:
    try:
        told = json.loads(path.read_bytes())
        return Board(told["at"], told["build"], told["rules"], tuple(told["readings"]), tuple(told["open"]), told["wrong"])
    except (OSError, ValueError, KeyError, TypeError):
        return Board()


def _path(settings: Settings, port_code: str) -> Path:
    return settings.alerts / f"{port_code}.{_FILE}"
