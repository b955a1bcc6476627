"""The truck record as a one-page PDF that carries its own facts, and the check of such a file or code against the current build.

    made = record_paper.of_visit(store, visit_id, lang="fr")       # made.pdf, PDF/UA-1
    found = record_paper.verify_file(store, Path("fiche.pdf"))     # found.state: same, changed or unknown; found.is_as_printed
    found = record_paper.verify_code(store, "2a5a f3f5 ...")
The facts lie in the PDF as an attached file (record.json). A file is as it was printed when the same facts, set again with the header it carries, give its
very bytes; where they do not, its words may have been altered, or another version of the program or other names of places printed it: only the facts count then.
"""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path

from dashboard.briefing import record, sheet
from dashboard.briefing.brief import names_of
from dashboard.briefing.paper import FONTS, Paper, compiled, plain
from dashboard.briefing.record import Facts
from dashboard.briefing.sheet import Header, Sheet
from dashboard.i18n import LANGUAGES, language
from dashboard.store import Store
from etl.errors import BuildError, InputError

MOST_BYTES = 8 * 2**20  # of a file offered for a check; ours have 0.1 MB
_STREAM = re.compile(rb"stream\r?\n")


@dataclass(frozen=True)
class Check:
    """What a check found. `changes` as record.changes gives them; `is_as_printed` tells of a file's own bytes, None for a bare code."""

    state: str
    visit_id: str
    code_then: str
    code_now: str = ""
    changes: tuple[tuple[str, str, object, object], ...] = ()
    is_as_printed: bool | None = None


def sheet_of(store: Store, visit_id: str, lang: str) -> Sheet | None:
    """Return the record of one visit in words, for a page; None where the build has no such visit."""
    facts = record.facts(store, visit_id)
    return None if facts is None else sheet.of(facts, _header(store, lang), names_of(store, lang))


def of_visit(store: Store, visit_id: str, *, lang: str) -> Paper:
    """Return the record as PDF; the same build and language give the same bytes. Raises BuildError for a visit the build does not hold."""
    facts = record.facts(store, visit_id)
    if facts is None:
        raise BuildError(f"visit {visit_id[:40]}", f"build {store.build().build_id} does not hold it", "", "Reload the page")
    return store.made(("record", visit_id, lang), lambda _opened: Paper(pdf=_pdf(facts, _header(store, lang), names_of(store, lang))))


def _pdf(facts: Facts, header: Header, names: dict[str, dict[str, str]]) -> bytes:
    made = sheet.of(facts, header, names)
    direction = language(header.lang).direction
    carried = {"facts": facts, "header": asdict(header)}
    inputs = {"sheet": json.dumps({**plain(made), "lang": header.lang, "direction": direction, "fonts": FONTS[direction], "visit": facts["visit_id"]}, ensure_ascii=False), "carried": record.canonical(carried).decode()}
    return compiled("record.typ", inputs, datetime.fromisoformat(header.now_at.rstrip("Z")))


def _header(store: Store, lang: str) -> Header:
    told, build = store.table("meta_builds").row(0, named=True), store.build()
    return Header(build.name(lang), build.zone_name, build.build_id, str(told["rules_version"]), f"{build.now_at.isoformat()}Z", build.is_sample, language(lang).code)


# ---------------------------------------------------------------------- checks
def verify_code(store: Store, text: str) -> Check:
    """Check a printed code against the current build. Raises InputError for what is no code."""
    visit_id, digest = record.read(text)
    now = record.facts(store, visit_id)
    if now is None:
        return Check("unknown", visit_id, digest)
    found = record.fingerprint(now)
    return Check("same" if found == digest else "changed", visit_id, digest, found)


def verify_file(store: Store, path: Path) -> Check:
    """Check a record's PDF: its own consistency, then its facts against the current build. Raises InputError for a file that is no record."""
    raw = _read(path)
    carried = _carried(raw, path)
    then, header = carried["facts"], Header(**carried["header"])
    digest, visit_id = record.fingerprint(then), str(then["visit_id"])
    now = record.facts(store, visit_id)
    is_as_printed = _sets_the_same(store, then, header, raw)
    if now is None:
        return Check("unknown", visit_id, digest, is_as_printed=is_as_printed)
    changes = record.changes(then, now)
    return Check("changed" if changes else "same", visit_id, digest, record.fingerprint(now), changes, is_as_printed)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(str(path), "it is too large to be a truck record", "", "Give the PDF as it was downloaded")
        return path.read_bytes()
    except OSError as error:
        raise InputError(str(path), f"it cannot be read ({error.strerror})") from error


def _carried(raw: bytes, path: Path) -> dict:
    """The attached facts and header, found among the streams of the PDF whether compressed or not."""
    for start in (match.end() for match in _STREAM.finditer(raw)):
        body = raw[start : start + MOST_BYTES]
        if not body.startswith(b"{"):
            try:
                body = zlib.decompressobj().decompress(body, MOST_BYTES)
            except zlib.error:
                continue
        if body.startswith(b'{"facts":'):
            try:
                found, _end = json.JSONDecoder().raw_decode(body.decode("utf-8", "replace"))
                _refuse_strange(found, path)
            except (json.JSONDecodeError, KeyError, TypeError, AttributeError, RecursionError) as error:
                raise InputError(str(path), "the facts in it cannot be read", "", "Use the code printed on it instead") from error
            return found
    raise InputError(str(path), "it carries no facts of a truck record", "the PDF as it was downloaded", "A scan or a copy made by a printer driver has lost them: use the code printed on it")


def _refuse_strange(found: dict, path: Path) -> None:
    """A file from outside is read by its known fields only. Raises KeyError or TypeError for what lacks them, InputError for another format."""
    if found["facts"]["format"] != record.FORMAT:
        raise InputError(str(path), f"its format is '{str(found['facts']['format'])[:40]}'", record.FORMAT, "Check it with the program that made it")
    if set(found["header"]) != {field.name for field in fields(Header)} or found["header"]["lang"] not in {each.code for each in LANGUAGES}:
        raise KeyError("header")
    for name, keys in (("visit", record.VISIT), ("steps", record.STEP), ("proofs", record.PROOF), ("papers", record.PAPER)):
        rows = [found["facts"][name]] if name == "visit" else found["facts"][name]
        if any(set(row) != set(keys) for row in rows):
            raise KeyError(name)


def _sets_the_same(store: Store, facts: Facts, header: Header, raw: bytes) -> bool:
    """Whether the file's own facts and header, set again, are this very file."""
    try:
        return _pdf(facts, header, names_of(store, header.lang)) == raw
    except (ValueError, TypeError, KeyError, AttributeError):  # facts that were written by hand: no instant, no number
        return False
