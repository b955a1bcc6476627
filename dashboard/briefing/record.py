"""The facts of a truck record (fiche de passage) and their fingerprint: what it is a digest of, how it is spelled and read back, what has changed since. No words, no drawing.

    facts = record.facts(store, visit_id)              # None for a visit this build does not hold
    code = record.code(facts)                          # "2a5a f3f5 8e97 159a 8f3c ...": visit number, then fingerprint
    record.read(code)                                  # ("2a5af3f58e97159a", "8f3c...")
    record.changes(then, now)                          # (("visit", "exit_at", "...", "..."), ...)

The fingerprint is the first 128 bits of the SHA-256 of the facts as canonical JSON (keys sorted, no spaces, UTF-8): format, port, visit number; of the visit
the VISIT fields; of every step the STEP fields; of every log line the PROOF fields; of every stage of its declarations the PAPER fields. Instants are UTC,
minutes have three decimals. Build, rules, language and names of places are not in it: the same facts have the same fingerprint in every build and language.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from dashboard.selection import Selection
from dashboard.store import Store
from etl.errors import InputError

FORMAT = "smartport-record-1"  # raise it when a field is added or spelled otherwise
VISIT = (
    "truck", "status_code", "clock_flag", "entry_at", "exit_at", "entry_gate_code", "entry_lane_code", "exit_gate_code", "exit_lane_code", "terminal_code", "direction_code", "cargo_class_code",
    "channel_code", "appointment_code", "slot_start_at", "appointment_offset_min", "queue_arrived_at", "queue_min", "turnaround_min", "total_visit_min", "wait_min", "service_min", "travel_min",
    "stops_n", "document_checks_n", "moves_n", "has_inspection", "has_trouble_ticket", "has_closure", "is_tracked",
)  # fmt: skip
STEP = ("step_seq", "step_code", "step_kind_code", "place_code", "arrived_at", "started_at", "ended_at", "wait_min", "service_min", "step_min")
PROOF = ("event_at", "source_code", "event_code", "place_code", "authority_code", "match_score", "file_name", "file_id", "source_line")
PAPER = ("paper_no", "stage_code", "holder_code", "started_at", "ended_at", "inside_min")
# list of the facts -> the fields that name one of its rows
_NAMED: dict[str, tuple[str, ...]] = {"steps": ("step_seq",), "proofs": ("file_name", "source_line", "event_code"), "papers": ("paper_no", "stage_code", "started_at")}
_LOOKED_BACK, _LOOKED_ON = dt.timedelta(days=30), dt.timedelta(days=5)  # days of lodging a visit's declarations are looked for in
_HEX = 16  # digits of a visit number
Facts = dict[str, Any]


def facts(store: Store, visit_id: str) -> Facts | None:
    """Return the facts of one visit of the current build, None where it has no such visit."""
    found = store.rows("visit", visit_id=visit_id)
    if found.is_empty():
        return None
    visit = found.row(0, named=True)
    window = Selection(store.port_code, visit["entry_day"] - _LOOKED_BACK, visit["entry_day"] + _LOOKED_ON)
    rows = {"steps": store.rows("visit_steps", visit_id=visit_id), "proofs": store.rows("visit_events", visit_id=visit_id), "papers": store.rows("visit_papers", window, visit_id=visit_id)}
    fields = {"steps": STEP, "proofs": PROOF, "papers": PAPER}
    lists = {name: [{field: _plain(row[field]) for field in fields[name]} for row in frame.iter_rows(named=True)] for name, frame in rows.items()}
    return {"format": FORMAT, "port": store.port_code, "visit_id": visit_id, "visit": {field: _plain(visit[field]) for field in VISIT}, **lists}


def _plain(value: object) -> object:
    """A value as it enters the digest: instants UTC in ISO, minutes with three decimals."""
    if isinstance(value, dt.datetime):
        return f"{value.isoformat(timespec='seconds' if not value.microsecond else 'microseconds')}Z"
    if isinstance(value, float):
        return f"{value + 0.0:.3f}"
    return value


def canonical(given: Mapping[str, Any]) -> bytes:
    return json.dumps(given, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def fingerprint(given: Facts) -> str:
    """Return the 32 hex digits of the facts."""
    return hashlib.sha256(canonical(given)).hexdigest()[:32]


def code(given: Facts) -> str:
    """Return visit number and fingerprint in groups of four digits, as printed."""
    digits = given["visit_id"] + fingerprint(given)
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def read(text: str) -> tuple[str, str]:
    """Return (visit number, fingerprint) of a printed code: spaces and dashes do not matter, nor letters O, I and l for 0 and 1. Raises InputError."""
    digits = re.sub(r"[\s\u00a0\u202f.:-]", "", text).translate(str.maketrans("OoIl", "0011")).lower()
    if not re.fullmatch(rf"[0-9a-f]{{{_HEX + 32}}}", digits):
        raise InputError("fingerprint", f"'{text[:70]}' is no code of a record", "12 groups of 4 digits and letters a to f", "Copy the whole code, or give the PDF")
    return digits[:_HEX], digits[_HEX:]


def changes(then: Facts, now: Facts) -> tuple[tuple[str, str, object, object], ...]:
    """Return (what, field, value then, value now) for every difference; a row that came or went has no field, and None on one side."""
    found: list[tuple[str, str, object, object]] = [("record", name, then.get(name), now.get(name)) for name in ("format", "port", "visit_id") if then.get(name) != now.get(name)]
    found += _fields("visit", then["visit"], now["visit"])
    for name, keys in _NAMED.items():
        before, after = ({tuple(row[key] for key in keys): row for row in side[name]} for side in (then, now))
        for key in dict.fromkeys((*before, *after)):
            what = f"{name} {' '.join(map(str, key))}"
            if key in before and key in after:
                found += _fields(what, before[key], after[key])
            else:
                found.append((what, "", before.get(key), after.get(key)))
    return tuple(found)


def _fields(what: str, then: Mapping[str, object], now: Mapping[str, object]) -> list[tuple[str, str, object, object]]:
    return [(what, name, then.get(name), now.get(name)) for name in dict.fromkeys((*then, *now)) if then.get(name) != now.get(name)]
