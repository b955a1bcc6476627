"""The audit log: who signed in, was refused, took a file, searched for a truck or changed a setting. Appended to, never rewritten.

    audit.record("export", viewer, what="visits", selection="d=28d&lane=6A", rows=1200)
    audit.read(settings, months=3)                     # one row an event, the newest first

home/audit/2026-11.jsonl, one file a month (UTC), one JSON object a line, folder 700, files 600. Of a person only the subject's number is kept; whoever
records something hands over no plate, no name, no searched value and no address of a machine. A line is one write to a file opened for appending, so
that lines of several processes stand one after the other; it is on the disk before `record` returns.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
from pathlib import Path

import polars as pl

from dashboard.access.viewer import HOUSE, Viewer
from dashboard.i18n import N_
from etl.errors import DeclarationError
from etl.settings import Settings, load_settings

EVENTS: dict[str, str] = {
    "sign_in": N_("Signed in"), "sign_out": N_("Signed out"), "refused": N_("Refused"), "export": N_("Took a file"), "search": N_("Searched for a truck"), "settings": N_("Changed a setting"),
}  # fmt: skip
LONGEST = 600  # characters of one value: a line stays one write
_FIELD = re.compile(r"[a-z][a-z0-9_]*")
_MONTH = re.compile(r"\d{4}-\d{2}")
_OWN = ("at", "event", "who")
SCHEMA = {"at": pl.Datetime("us"), "event": pl.String, "who": pl.String, "what": pl.String, "selection": pl.String, "rows": pl.Int64, "port": pl.String, "more": pl.String}


def record(event: str, viewer: Viewer | str | None, *, settings: Settings | None = None, **what: object) -> Path:
    """Append one event and return the file. `viewer` may be the subject's number; None or empty is somebody unknown.

    `what` are plain values: texts (cut at LONGEST characters), numbers, truth. Usual ones: port, what (a page, list, route or setting), selection (words or the
    address's parameters), rows (their number), reason. Raises DeclarationError for an event or a field that is not known or not plain, OSError where it cannot be written:
    what is not recorded must not happen.
    """
    if event not in EVENTS:
        raise DeclarationError("audit", f"event '{event}' is not known", ", ".join(EVENTS))
    if wrong := [name for name in what if name in _OWN or not _FIELD.fullmatch(name)]:
        raise DeclarationError("audit", f"'{wrong[0]}' is no name of a field")
    now = dt.datetime.now(dt.UTC)
    who = viewer.subject if isinstance(viewer, Viewer) else viewer or ""
    line = {"at": now.isoformat(timespec="milliseconds"), "event": event, "who": who[:LONGEST]} | {name: _plain(name, value) for name, value in what.items() if value is not None}
    folder = folder_of(settings or load_settings())
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{now:%Y-%m}.jsonl"
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        os.write(handle, (json.dumps(line, ensure_ascii=True) + "\n").encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    return path


def read(settings: Settings, months: int = 12, viewer: Viewer = HOUSE) -> tuple[pl.DataFrame, int]:
    """Return the events of the last `months` files, the newest first (SCHEMA; `at` in UTC, `more` is all other fields as text), and how many lines cannot be read.

    To an administrator of some ports they are those of his ports: neither another port's nor what is no port's, such as who signs in.
    """
    rows, torn = [], 0
    files = sorted(path for path in folder_of(settings).glob("*.jsonl") if _MONTH.fullmatch(path.stem))[-months:]
    for path in files:
        for line in path.read_bytes().splitlines():
            try:
                told = json.loads(line)
                at = dt.datetime.fromisoformat(told.pop("at")).astimezone(dt.UTC).replace(tzinfo=None)
                row = {"at": at, "event": str(told.pop("event")), "who": str(told.pop("who"))} | {name: str(told.pop(name)) if name in told else None for name in ("what", "selection", "port")}
                row["rows"] = int(told.pop("rows")) if "rows" in told else None
            except (ValueError, KeyError, TypeError, AttributeError):
                torn += 1
                continue
            if viewer.administers(row["port"] or ""):
                rows.append(row | {"more": ", ".join(f"{name}: {value}" for name, value in told.items())})
    return pl.DataFrame(rows, schema=SCHEMA).reverse(), torn


def folder_of(settings: Settings) -> Path:
    return settings.home / "audit"


def _plain(name: str, value: object) -> object:
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (str, dt.date)):
        return str(value)[:LONGEST]
    raise DeclarationError("audit", f"'{name}' is no plain value")
