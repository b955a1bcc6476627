"""One target a parser: any bytes in; it answers in full or refuses in words, within five seconds, and every byte or line is accounted for.

`TARGETS` is walked by run.py (coverage-guided, by hand) and by test_corpus.py (what was found is replayed in every test run). The
first byte of a target's data chooses among the ways the parser can be set; the rest is what it is given.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs, urlencode

import numpy as np
import polars as pl

from dashboard.selection import FIELDS, Selection
from etl.contracts.reference import Site, load_site
from etl.errors import InputError, SmartportError
from etl.identities import Identities
from etl.sources import Mapping, chunks, parse_mapping
from etl.sources.interchange import Splitter
from etl.transform.zones import ZoneGrid
from etl.validate import check_file
from etl.validate.checked import Checked

KEY = Identities(b"a key for tests only")
SITE_TOML = 'port_code = "XXTST"\nport_name = "T"\nzone_name = "Africa/Casablanca"\nlongitude_deg = -7.6\nlatitude_deg = 33.6\n'
COLUMNS = '[columns]\nevent_code = "way"\ngate_code = "gate"\ncleared_at = "at"\nplate = "truck"\nappointment_ref = "note"\npresented_at = "joined"\n[constants]\nperimeter_code = "port"\n'
NUMBERED = COLUMNS.replace('"way"', '"1"').replace('"gate"', '"2"').replace('"at"', '"3"').replace('"truck"', '"4"').replace('"note"', '"5"').replace('"joined"', '"6"')
CODECO = """source = "gate"\nfiles = ["*"]\nformat = "edifact"\nmessage = "CODECO"\nclock = "utc"\ntime_formats = ["%Y%m%d%H%M%S", "%Y%m%d%H%M"]
[columns]\nevent_code = "BGM/1"\ncleared_at = "DTM[7]/1.2"\nplate = "TDT[1]/8.1"\ngate_code = "LOC[165]/2.1"\ncontainer_no = "EQD#1/2"\ncontainer_2_no = "EQD#2/2"\nappointment_ref = "UNB/5"
[constants]\nperimeter_code = "port"\n[codes.event_code]\n"34" = "in"\n"36" = "out"\n"""
_KINDS = ("csv", "csv", "csv", "csv", "csv", "csv", "jsonl", "jsonl", "edifact", "edifact")
_MORE = (
    'delimiter = ";"\n', "delimiter = \";\"\nquote = '\"'\n", 'delimiter = ","\nencoding = "cp1252"\ndecimal = "."\n', "delimiter = \",\"\nquote = '\"'\nencoding = \"cp1256\"\n",
    'delimiter = "|"\nencoding = "utf-16"\n', 'delimiter = ";"\nheader = false\n', "", 'encoding = "cp1252"\n', "", 'encoding = "iso-8859-1"\n',
)  # fmt: skip


@cache
def folder() -> Path:
    """A folder of this process, in memory where the machine has such a place."""
    return Path(tempfile.mkdtemp(prefix="smartport-fuzz-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))


@cache
def site() -> Site:
    place = folder() / "site"
    (place / "reference").mkdir(parents=True)
    (place / "site.toml").write_text(SITE_TOML)
    (place / "reference" / "gates.csv").write_text("gate_code,name_en\nP6,G6\n")
    return load_site(place)


@cache
def mapping(variant: int) -> Mapping:
    path = folder() / f"mapping_{variant}.toml"
    if _KINDS[variant] == "edifact":
        head, tables = CODECO.split("[columns]", 1)
        path.write_text(f"{head}{_MORE[variant]}[columns]{tables}")
    else:
        path.write_text(f'source = "gate"\nfiles = ["*"]\nformat = "{_KINDS[variant]}"\n{_MORE[variant]}clock = "zone:Africa/Casablanca"\n' + (NUMBERED if "header" in _MORE[variant] else COLUMNS))
    return parse_mapping(path)


def _checked(data: bytes, variants: range) -> tuple[Checked, Mapping, Path] | None:
    """Return what was made of the file, None where it was refused whole. Asserts that every line or message of it ended once."""
    if not data:
        return None
    about = mapping(variants[data[0] % len(variants)])
    path = folder() / "any.log"
    path.write_bytes(data[1:])
    try:
        checked = check_file(path, about, site(), KEY)
    except InputError as error:
        assert "fault of the reader" not in str(error), error
        return None
    numbers = checked.good["source_line"].to_list() + checked.rejects["source_line"].to_list()
    assert checked.good.height + checked.rejects.height == checked.read_n == len(set(numbers))
    assert checked.read_n + checked.blank_n + checked.header_n + checked.continued_n == checked.lines_n
    assert all(1 <= number <= checked.lines_n for number in numbers)
    assert checked.rejects["source_line"].to_list() == checked.reject_bytes["source_line"].to_list()
    assert checked.rejects.is_empty() or checked.rejects["reason_codes"].list.len().min() > 0
    if not about.quote and about.encoding != "utf-16":  # judging is line by line, so it is enough that what is judged is the same
        whole, cut = list(chunks(path, about)), list(chunks(path, about, block_bytes=61))
        for name in ("frame", "malformed"):
            one, other = (pl.concat([getattr(raw, name) for raw in raws]) for raws in (whole, cut))
            if name == "malformed":
                one, other = one.sort(one.columns), other.sort(one.columns)  # each block names its faults kind by kind
            assert one.equals(other), "cut into blocks it reads otherwise"
        for name in ("read_n", "blank_n", "header_n", "continued_n", "lines_n"):
            assert sum(getattr(raw, name) for raw in whole) == sum(getattr(raw, name) for raw in cut), name
    return checked, about, path


def csv(data: bytes) -> None:
    """A delimited file read by a mapping: with and without quoting and header, three encodings."""
    found = _checked(data, range(6))
    if found and not found[1].encoding.startswith("utf-16") and not data.startswith(b"\x1f\x8b", 1):
        text = data[1:].removeprefix(b"\xef\xbb\xbf")
        if b"\n" not in text and text.count(b"\r") > 1:
            text = text.replace(b"\r", b"\n")
        assert found[0].lines_n == text.count(b"\n") + (not text.endswith(b"\n")), "as many lines as line ends"


def json_lines(data: bytes) -> None:
    """A file of one JSON object a line."""
    _checked(data, range(6, 8))


def edifact(data: bytes) -> None:
    """A UN/EDIFACT file: every message and every byte in one place."""
    found = _checked(data, range(8, 10))
    if not data or data.startswith(b"\x1f\x8b", 1):
        return
    splitter = Splitter()
    pieces = splitter.feed(data[1:], is_last=True)
    mark = 3 if data[1:].startswith(b"\xef\xbb\xbf") else 0
    assert splitter.service_bytes + splitter.blank_bytes + sum(len(piece.raw) for piece in pieces) in (len(data) - 1, len(data) - 1 - mark)
    assert found is None or found[0].read_n == len(pieces)


def geojson(data: bytes) -> None:
    """The zones of a site, and the raster made of them; a position is in at most one zone."""
    place = folder() / "zoned"
    (place / "reference").mkdir(parents=True, exist_ok=True)
    (place / "site.toml").write_text(SITE_TOML)
    (place / "reference" / "zones.geojson").write_bytes(data)
    try:
        read = load_site(place)
        shapes = {code: json.loads(geometry) for code, geometry in read.tables["dim_zones"].select("zone_code", "geometry").iter_rows()}
        grid = ZoneGrid.build(shapes, read.longitude_deg, read.latitude_deg, max_cells=4_000)
    except SmartportError:
        return
    found = grid.locate(np.array([-7.6, -7.59, 0.0, np.nan]), np.array([33.6, 33.61, 0.0, 1.0]))
    assert ((found >= -1) & (found < len(grid.codes))).all() and found[3] == -1


def toml(data: bytes) -> None:
    """A mapping, a site's own file or one of its reference lists, as a person may have left it."""
    if not data:
        return
    place = folder() / "told"
    (place / "reference").mkdir(parents=True, exist_ok=True)
    kind = data[0] % 3
    (place / "site.toml").write_bytes(data[1:] if kind == 1 else SITE_TOML.encode())
    (place / "reference" / "constants.csv").write_bytes(data[1:] if kind == 2 else b"constant_code,value\na,1\n")
    path = folder() / "told.toml"
    path.write_bytes(data[1:] if kind == 0 else b"")
    try:
        if kind == 0:
            read = parse_mapping(path)
            assert read.columns and read.source.name
        else:
            load_site(place)
    except SmartportError as error:
        assert str(error)


_KNOWN = {"gate": ("P4", "P6"), "lane": ("6A", "6B"), "terminal": ("TC3",)}
_NOW = dt.date(2026, 6, 15)


def url(data: bytes) -> None:
    """The address of a page: what cannot be understood is named, and what is understood says itself again as the same address."""
    try:
        query = parse_qs(data.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=200)
    except ValueError:
        return  # more fields than urllib was told to take
    selection, notes = Selection.from_query(query, "MACAS", _NOW, _KNOWN if data[:1] < b"m" else None)
    again, none = Selection.from_query(parse_qs(urlencode(selection.to_query())), "MACAS", _NOW, _KNOWN if data[:1] < b"m" else None)
    assert again == selection and not none, "an address that is not its own"
    assert set(selection.to_sql()) <= {"port_code", "first_day", "end_day", *(f"f_{name}" for name in FIELDS)}
    before = selection.previous()
    assert before is None or (before.end_day <= selection.first_day + dt.timedelta(days=1) and before.days == selection.days)
    for lang in ("en", "fr", "ar"):
        assert selection.in_words(lang) and all(note.in_words(lang) for note in notes)


TARGETS: dict[str, Callable[[bytes], None]] = {"csv": csv, "json_lines": json_lines, "edifact": edifact, "geojson": geojson, "toml": toml, "url": url}
