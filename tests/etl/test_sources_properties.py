"""Whatever bytes stand in a file: it is read to the last line or refused whole, and nothing is lost in between."""

from __future__ import annotations

import datetime as dt
import random
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from etl.contracts.reference import Site, load_site
from etl.errors import InputError
from etl.identities import Identities
from etl.sources import Mapping, chunks, parse_mapping
from etl.validate import check, check_file

KEY = Identities(b"a key for tests only")
BODY = 'source = "gate"\nfiles = ["*"]\nformat = "{format}"\ndelimiter = ";"\nquote = \'{quote}\'\nencoding = "{encoding}"\nclock = "zone:Africa/Casablanca"\n'
COLUMNS = '[columns]\nevent_code = "way"\ngate_code = "gate"\ncleared_at = "at"\nplate = "truck"\nappointment_ref = "note"\n[constants]\nperimeter_code = "port"\n'
CSV = b'way;gate;at;truck;note\nin;P6;2026-06-15 08:00:00;1-A-1;x\nout;P6;2026-06-15 09:00:00;1-A-1;"a;b"\r\nin;P6;2026-09-20 01:30:00;2-B-2;\n\nin;P6;2026-06-15 10:00:00;"3";"line\nbreak"\n'
JSON = b'{"way":"in","gate":"P6","at":"2026-06-15 08:00:00","truck":"1-A-1","note":null}\n{"way":"out","gate":"P6","at":"2026-06-15T09:00","truck":"1","note":7}\r\n\n'
# Bytes that matter to readers, before any other.
BYTES = st.one_of(st.sampled_from([b'"', b";", b"\n", b"\r", b"\r\n", b"\0", b"\xff", b"\xc3", b"\xef\xbb\xbf", b'""', b"{", b"}", b"\\", b"\xd8\xa3", b"NaN", b"\x1a", b"\x85"]), st.binary(max_size=6))


@pytest.fixture(scope="module")
def site() -> Site:
    folder = Path(tempfile.mkdtemp())
    (folder / "reference").mkdir()
    (folder / "site.toml").write_text('port_code = "XXTST"\nport_name = "T"\nzone_name = "Africa/Casablanca"\nlongitude_deg = 0.0\nlatitude_deg = 0.0\n')
    (folder / "reference" / "gates.csv").write_text("gate_code,name_en\nP6,G6\n")
    return load_site(folder)


def mapping_of(site: Site, file_format: str, quote: str, encoding: str) -> Mapping:
    path = site.folder / "any.toml"
    path.write_text(BODY.format(format=file_format, quote=quote, encoding=encoding) + COLUMNS)
    return parse_mapping(path)


def physical_lines(data: bytes) -> int:
    data = data.removeprefix(b"\xef\xbb\xbf")
    if b"\n" not in data and data.count(b"\r") > 1:
        data = data.replace(b"\r", b"\n")
    return data.count(b"\n") + (not data.endswith(b"\n"))


@example(inserts=[(397, b"\r")], kind=("csv", '"'), encoding="utf-8", times=3)  # '"a;b"' CR CR LF: a closing mark must stand at the end
@example(inserts=[(0, b'"'), (162, b"\x8d")], kind=("jsonl", ""), encoding="cp1252", times=2)  # stretches after a bad line
@given(
    inserts=st.lists(st.tuples(st.integers(0, 400), BYTES), min_size=1, max_size=4),
    kind=st.sampled_from([("csv", ""), ("csv", '"'), ("jsonl", "")]),
    encoding=st.sampled_from(["utf-8", "cp1252"]),
    times=st.integers(1, 3),
)
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_bytes_anywhere_are_accounted_for(site: Site, inserts: list[tuple[int, bytes]], kind: tuple[str, str], encoding: str, times: int) -> None:
    data = (CSV + CSV.split(b"\n", 1)[1] * (times - 1)) if kind[0] == "csv" else JSON * times
    for at, octets in inserts:
        at %= len(data) + 1
        data = data[:at] + octets + data[at:]
    path = site.folder / "any.log"
    path.write_bytes(data)
    mapping = mapping_of(site, *kind, encoding)
    try:
        checked = check_file(path, mapping, site, KEY)
    except InputError as error:
        assert "fault of the reader" not in str(error)
        return  # refused whole, in words
    assert checked.good.height + checked.rejects.height == checked.read_n
    assert checked.read_n + checked.blank_n + checked.header_n + checked.continued_n == checked.lines_n == physical_lines(data)
    numbers = checked.good["source_line"].to_list() + checked.rejects["source_line"].to_list()
    assert len(set(numbers)) == len(numbers) and all(1 <= number <= checked.lines_n for number in numbers)
    assert all(checked.rejects["reason_codes"].list.len() > 0) and checked.rejects["source_line"].to_list() == checked.reject_bytes["source_line"].to_list()
    if not kind[1]:
        parts = [check(raw, mapping, site, KEY, file_id=checked.good["file_id"][0] if checked.good.height else "") for raw in chunks(path, mapping, block_bytes=64)]
        assert sum(part.good.height for part in parts) == checked.good.height
        assert sum(part.rejects.height for part in parts) == checked.rejects.height


def test_a_good_line_is_never_lost_to_its_neighbour(site: Site) -> None:
    """Each byte that matters, at each place of one line: the lines around it come out as they would alone."""
    head, good = CSV.split(b"\n")[0], b"in;P6;2026-06-15 08:00:00;1-A-1;x"
    path = site.folder / "any.log"
    for quote in ("", '"'):
        mapping = mapping_of(site, "csv", quote, "utf-8")
        for octets in (b'"', b"\0", b"\xff", b";", b"\r", b'""'):
            for at in range(0, len(good) + 1, 3):
                path.write_bytes(b"\n".join([head, good, good[:at] + octets + good[at:], good, good, b""]))
                checked = check_file(path, mapping, site, KEY)
                assert set(checked.good["source_line"].to_list()) >= {2, 4, 5}, (quote, octets, at)
                assert checked.read_n == 4


def test_a_damaged_parquet_file_is_read_or_refused(site: Site, capfd: pytest.CaptureFixture) -> None:
    """Found by flipping bytes: in one file of 230 the Parquet reader panics, which is no Exception and ended the whole load."""
    mapping_path, path = site.folder / "fixes.toml", site.folder / "fixes.parquet"
    mapping_path.write_text('source = "tracking"\nfiles = ["*"]\nformat = "parquet"\nclock = "utc"\n[columns]\nplate = "id"\nfix_at = "t"\nlongitude_deg = "x"\nlatitude_deg = "y"\n')
    mapping, draw = parse_mapping(mapping_path), random.Random(1)
    at = [dt.datetime(2026, 6, 1) + dt.timedelta(seconds=number) for number in range(300)]
    pl.DataFrame({"id": [f"A{number % 7}" for number in range(300)], "t": at, "x": [number * 0.01 for number in range(300)], "y": [1.0] * 300}).write_parquet(path)
    whole, refused = path.read_bytes(), 0
    for _ in range(250):
        damaged = bytearray(whole)
        for _ in range(draw.choice((1, 1, 2, 8))):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        path.write_bytes(damaged[: draw.randrange(len(damaged))] if draw.random() < 0.1 else damaged)
        try:
            checked = check_file(path, mapping, site, KEY)
            assert checked.good.height + checked.rejects.height == checked.read_n
        except InputError as error:
            refused += "Have it written again" in str(error)
    assert refused > 50
    capfd.readouterr()  # the reader's own account of its panics
