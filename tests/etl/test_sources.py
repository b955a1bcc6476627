"""Mappings are refused by name; physical lines are counted whatever their ends, marks and compression."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest

from etl.errors import DeclarationError, InputError, SettingsError
from etl.settings import ROOT
from etl.sources import SOURCES, RawRows, chunks, load_mappings, match, parse_mapping, read

MAPPING = """
source = "weighbridge"
files = ["weights*.csv*"]
format = "csv"
delimiter = ";"
clock = "utc"
[columns]
weighbridge_code = "bridge"
ended_at = "time"
plate = "truck"
gross_mass_kg = "mass"
[constants]
weighing_code = "full"
"""
HEADER = "bridge;time;truck;mass"
LINE = "WB1;2026-06-15 08:00:00;12345-A-6;30000"


def write_mapping(folder: Path, text: str = MAPPING, name: str = "weights.toml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def read_bytes(folder: Path, data: bytes, text: str = MAPPING, name: str = "weights.csv") -> RawRows:
    path = folder / name
    path.write_bytes(data)
    return read(path, parse_mapping(write_mapping(folder, text)))


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_has_a_day_and_a_key_among_its_own_fields(name: str) -> None:
    source = SOURCES[name]
    assert source.name == name and source.table.day in [item.name for item in source.fields]


@pytest.mark.parametrize("path", sorted((ROOT / "sample_data" / "sites").glob("*/mappings/*.toml")), ids=lambda path: f"{path.parts[-3]}/{path.stem}")
def test_every_mapping_of_the_project_is_accepted(path: Path) -> None:
    assert parse_mapping(path).source.name in SOURCES


@pytest.mark.parametrize(
    ("change", "to", "said"),
    [
        ('delimiter = ";"', 'delimeter = ";"', "weights.toml: key 'delimeter' is not known. Known: source, files"),
        ('mass"\n[', 'mass"\naxles = "n"\n[', "weights.toml [columns]: field 'axles' is not known. Known: weighbridge_code, weighing_code"),
        ('source = "weighbridge"', 'source = "scales"', "source 'scales' is not known. Known: gate, weighbridge"),
        ('format = "csv"', 'format = "xlsx"', "format 'xlsx' is not known. Known: csv, jsonl, parquet"),
        ('clock = "utc"\n', "", "`clock` is missing. Known: utc, offset, zone:NAME, fixed:+01:00"),
        ('clock = "utc"', 'clock = "local"', "clock 'local' is not known"),
        ('plate = "truck"\n', "", "source 'weighbridge' also needs plate"),
        ('"full"', '"half"', "weighing_code 'half' is not known. Known: empty, full"),
        ('"full"', '"full"\n[codes.weighing_code]\nF = "loaded"', "code 'loaded' is not known. Known: empty, full"),
        ('"full"', '"full"\nplate = "X"', "plate is filled twice"),
        ('"full"', '"full"\n[scale]\nplate = 2', "plate is no number (identity)"),
        ('delimiter = ";"', 'delimiter = "ab"', "delimiter 'ab' is not one character"),
        ('delimiter = ";"', 'quote = "\'"', "quote \"'\" is not known"),
        ('delimiter = ";"', 'encoding = "utf-9"', "encoding 'utf-9' is not known"),
        ('delimiter = ";"', "file_date = '[0-9]+'", "file_date has 0 groups"),
        ('delimiter = ";"', "delimiter ; ';'", "this is not TOML"),
    ],
)
def test_a_wrong_mapping_is_refused_and_says_what_is_known(tmp_path: Path, change: str, to: str, said: str) -> None:
    assert change in MAPPING
    with pytest.raises(DeclarationError) as error:
        parse_mapping(write_mapping(tmp_path, MAPPING.replace(change, to)))
    assert said in str(error.value)


def test_an_unknown_time_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="Mars/Olympus"):
        parse_mapping(write_mapping(tmp_path, MAPPING.replace('"utc"', '"zone:Mars/Olympus"')))


def test_a_name_is_matched_by_one_mapping_or_none(tmp_path: Path) -> None:
    write_mapping(tmp_path, name="a.toml")
    assert match(Path("weights_1.csv.gz"), load_mappings(tmp_path)).name == "a"
    assert match(Path("other.csv"), load_mappings(tmp_path)) is None
    write_mapping(tmp_path, name="b.toml")
    with pytest.raises(InputError, match=r"2 mappings fit this name: a\.toml, b\.toml"):
        match(Path("weights.csv"), load_mappings(tmp_path))


def test_the_date_of_a_file_comes_from_its_name(tmp_path: Path) -> None:
    mapping = parse_mapping(write_mapping(tmp_path, MAPPING.replace("[columns]", "file_date = '(\\d{8})'\n[columns]", 1)))
    assert str(mapping.date_of("weights_20260615.csv")) == "2026-06-15"
    for name in ("weights.csv", "weights_20261315.csv"):
        with pytest.raises(InputError, match="date"):
            mapping.date_of(name)


# Bytes of the file -> (records, blank lines, physical lines of good records)
@pytest.mark.parametrize(
    ("data", "records", "blank", "numbers"),
    [
        (f"{HEADER}\n{LINE}\n{LINE}\n", 2, 0, [2, 3]),
        (f"{HEADER}\n{LINE}\n{LINE}", 2, 0, [2, 3]),
        (f"{HEADER}\r\n{LINE}\r\n{LINE}\r\n", 2, 0, [2, 3]),
        (f"{HEADER}\r\n{LINE}\n{LINE}\r\n{LINE}", 3, 0, [2, 3, 4]),
        (f"{HEADER}\n\n{LINE}\n\r\n{LINE}\n\n", 2, 3, [3, 5]),
        (f"\n\n{HEADER}\n{LINE}\n", 1, 2, [4]),
        (f"\ufeff{HEADER}\n{LINE}\n", 1, 0, [2]),
        (f"{HEADER}\r{LINE}\r{LINE}\r", 2, 0, [2, 3]),
        (f"{HEADER}\n", 0, 0, []),
        (HEADER, 0, 0, []),
        (f"{HEADER}\n;;;\n", 1, 0, [2]),
    ],
)
def test_lines_are_counted_whatever_their_ends(tmp_path: Path, data: str, records: int, blank: int, numbers: list[int]) -> None:
    rows = read_bytes(tmp_path, data.encode())
    assert (rows.read_n, rows.blank_n, rows.header_n, rows.frame["source_line"].to_list()) == (records, blank, 1, numbers)
    assert rows.read_n + rows.blank_n + rows.header_n == rows.lines_n


def test_gzip_is_seen_by_its_bytes_and_a_cut_one_is_refused(tmp_path: Path) -> None:
    packed = gzip.compress(f"{HEADER}\n{LINE}\n".encode())
    assert read_bytes(tmp_path, packed, name="weights.csv.gz").read_n == 1
    with pytest.raises(InputError, match=r"weights\.csv\.gz: the file cannot be unpacked"):
        read_bytes(tmp_path, packed[:-9], name="weights.csv.gz")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "weights.csv: the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        (b"\n\n", "the file holds only blank lines"),
        (HEADER.replace("mass", "weight").encode() + b"\n", "weights.csv line 1: column 'mass' is missing (split by ';'). Known: bridge, time, truck, weight."),
        (HEADER.replace(";", ",").encode() + b"\n", "Correct [columns] or delimiter in weights.toml"),
        (f"{HEADER};mass\n".encode(), "column mass stands there twice"),
        (b"\xff\xfe" + HEADER.encode("utf-16-le"), "the file begins with a UTF-16 mark"),
        (b"br\xe9dge;time\n", "the header is not utf-8"),
    ],
)
def test_a_file_that_cannot_be_this_log_is_refused_whole(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(InputError) as error:
        read_bytes(tmp_path, data)
    assert said in str(error.value)


def test_a_file_without_header_does_not_show_its_first_truck(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        read_bytes(tmp_path, LINE.encode())
    assert "Known: WB1, 2026-06-15 08:00:00, *****-*-*, *****." in str(error.value)


def test_cp1252_and_utf16_become_text(tmp_path: Path) -> None:
    line = LINE.replace("12345-A-6", "é-1")
    latin = read_bytes(tmp_path, f"{HEADER}\n{line}\n".encode("cp1252"), MAPPING.replace('delimiter = ";"', 'delimiter = ";"\nencoding = "cp1252"'))
    wide = read_bytes(tmp_path, f"{HEADER}\n{line}\n".encode("utf-16"), MAPPING.replace('delimiter = ";"', 'delimiter = ";"\nencoding = "utf-16"'))
    assert latin.frame["plate"].to_list() == wide.frame["plate"].to_list() == ["é-1"]


QUOTED = MAPPING.replace('delimiter = ";"', 'delimiter = ";"\nquote = \'"\'')


def test_quoted_fields_may_hold_delimiters_quotes_and_line_ends(tmp_path: Path) -> None:
    body = f'{HEADER}\n"WB1";"2026-06-15 08:00:00";"a;""b"";c";"3"\nWB2;t;"one\r\ntwo\nthree";4\n{LINE}\n'
    rows = read_bytes(tmp_path, body.encode(), QUOTED)
    assert rows.frame["plate"].to_list() == ['a;"b";c', "one\r\ntwo\nthree", "12345-A-6"]
    assert (rows.frame["source_line"].to_list(), rows.read_n, rows.continued_n, rows.lines_n) == ([2, 3, 6], 3, 2, 6)
    assert rows.record([3]) == [b'WB2;t;"one\r\ntwo\nthree";4']


def test_a_blank_or_faulty_line_inside_quotes_belongs_to_its_record(tmp_path: Path) -> None:
    rows = read_bytes(tmp_path, f'{HEADER}\nWB1;t;"a\n\nb";4\nWB1;t;"a\n\0b";4\n{LINE}'.encode(), QUOTED)
    assert rows.frame.select("source_line", "plate").rows() == [(2, "a\n\nb"), (7, "12345-A-6")]
    assert rows.malformed.select("source_line", "reason_code").rows() == [(5, "nul_byte")]
    assert (rows.read_n, rows.blank_n, rows.continued_n) == (3, 0, 3)


@pytest.mark.parametrize("stray", ['"', 'x"y', 'a"b"c', '"a"b'])
def test_a_stray_quote_costs_its_own_line_only(tmp_path: Path, stray: str) -> None:
    # Default quoting of a common reader lost 892,974 of 2 million good rows this way, without an error.
    bad = LINE.replace("12345-A-6", stray)
    rows = read_bytes(tmp_path, "\n".join([HEADER, LINE, bad, LINE, LINE, bad, LINE]).encode(), QUOTED)
    assert rows.frame["source_line"].to_list() == [2, 4, 5, 7]
    assert rows.malformed.select("source_line", "reason_code").rows() == [(3, "stray_quote"), (6, "stray_quote")]


def test_two_stray_quotes_on_neighbouring_lines_are_not_joined(tmp_path: Path) -> None:
    body = "\n".join([HEADER, 'WB1;t;"p;1', 'WB1;t";q;2', LINE])
    rows = read_bytes(tmp_path, body.encode(), QUOTED)
    assert rows.frame["source_line"].to_list() == [4]
    assert rows.malformed["source_line"].to_list() == [2, 3]


def test_without_quoting_a_closed_pair_is_data_and_an_open_mark_is_rejected(tmp_path: Path) -> None:
    rows = read_bytes(tmp_path, "\n".join([HEADER, LINE.replace("A", '"A"'), LINE.replace("A", '"')]).encode())
    assert rows.frame["plate"].to_list() == ['12345-"A"-6']
    assert rows.malformed["reason_code"].to_list() == ["stray_quote"]


def test_a_line_keeps_all_its_reasons(tmp_path: Path) -> None:
    rows = read_bytes(tmp_path, f"{HEADER}\n".encode() + b'WB1;\xff;"\0\n')
    assert rows.malformed["reason_code"].to_list() == ["nul_byte", "bad_encoding", "stray_quote", "malformed_line"]
    assert rows.malformed["reason"][3].startswith("3 fields found, 4 expected as in the header")
    assert rows.read_n == 1


def test_blocks_give_the_same_rows_as_one_read(tmp_path: Path) -> None:
    lines = [LINE.replace("30000", str(number)) if number % 7 else "cut;short" for number in range(500)]
    path = tmp_path / "weights.csv"
    path.write_text("\n".join([HEADER, *lines]))
    mapping = parse_mapping(write_mapping(tmp_path))
    parts = list(chunks(path, mapping, block_bytes=1000))
    whole = read(path, mapping)
    assert len(parts) > 5
    assert pl.concat([part.frame for part in parts]).equals(whole.frame)
    assert pl.concat([part.malformed for part in parts]).equals(whole.malformed)
    assert sum(part.lines_n for part in parts) == whole.lines_n == 501


def test_first_non_empty_column_wins_and_columns_may_be_numbered(tmp_path: Path) -> None:
    text = MAPPING.replace('ended_at = "time"', 'ended_at = ["2", "5"]').replace('"bridge"', '"1"').replace('"truck"', '"3"').replace('"mass"', '"4"')
    rows = read_bytes(tmp_path, b"WB1;;p;1;t2\nWB1;t1;p;1;t2\nWB1; ;p;1;\n", text.replace('clock = "utc"', 'clock = "utc"\nheader = false'))
    assert rows.frame["ended_at"].to_list() == ["t2", "t1", None]
    assert (rows.read_n, rows.header_n, rows.frame["source_line"].to_list()) == (3, 0, [1, 2, 3])


TRACKING = """
source = "tracking"
files = ["*"]
format = "jsonl"
clock = "utc"
[columns]
plate = "id"
fix_at = "t"
longitude_deg = "lon"
latitude_deg = "lat"
"""
FIX = '{"id":"A1","t":"2026-06-15T08:00:00Z","lon":-7.61,"lat":33.6}'


def test_json_lines_are_objects_or_rejects(tmp_path: Path) -> None:
    bad = ['{"id":"A1","t":', "[1]", "5", "null", "{}{}", FIX + FIX, FIX[:-1] + ',"x":NaN}', "   ", '{"id":}']
    body = "\n".join([FIX, *bad, "", FIX.replace("-7.61", '"-7.5"'), '{"id":7}', FIX]).encode() + b"\n{\"id\":\"\xff\"}\n{\"id\":\"\0\"}\r\n" + FIX.encode()
    rows = read_bytes(tmp_path, body, TRACKING, "fixes.jsonl")
    assert rows.frame["source_line"].to_list() == [1, 12, 13, 14, 17]
    assert rows.frame["longitude_deg"].to_list() == ["-7.61", "-7.5", None, "-7.61", "-7.61"]
    assert rows.malformed["source_line"].unique(maintain_order=True).sort().to_list() == [*range(2, 11), 15, 16]
    assert (rows.read_n, rows.blank_n, rows.lines_n) == (16, 1, 17)


def test_bad_json_lines_cost_themselves_only(tmp_path: Path) -> None:
    """Found once: after a first bad line the stretches were cut at the wrong bytes."""
    lines = [FIX.replace("A1", f"A{number}") if number % 97 else FIX[:-1] + ",}" for number in range(1, 1000)]
    rows = read_bytes(tmp_path, "\n".join(["[]", "", *lines]).encode(), TRACKING, "fixes.jsonl")
    assert rows.frame["plate"].to_list() == [f"A{number}" for number in range(1, 1000) if number % 97]
    assert rows.malformed["source_line"].to_list() == [1, *range(99, 1000, 97)]


def test_json_numbers_stay_numbers_where_no_line_of_the_block_writes_one_as_text(tmp_path: Path) -> None:
    lines = [FIX, FIX[:-1] + ",}", FIX.replace("33.6", "8")]
    rows = read_bytes(tmp_path, "\n".join(lines).encode(), TRACKING, "fixes.jsonl")
    assert rows.frame["latitude_deg"].to_list() == [33.6, 8.0] and rows.malformed["source_line"].to_list() == [2]
    rows = read_bytes(tmp_path, "\n".join([*lines, FIX.replace("33.6", '"x"')]).encode(), TRACKING, "fixes.jsonl")
    assert rows.frame["latitude_deg"].to_list() == ["33.6", "8", "x"] and rows.malformed["source_line"].to_list() == [2]
    rows = read_bytes(tmp_path, FIX.encode(), TRACKING.replace('format = "jsonl"', 'format = "jsonl"\ndelimiter = ";"\ndecimal = ","'), "fixes.jsonl")
    assert rows.frame["latitude_deg"].to_list() == ["33.6"]


def test_parquet_keeps_types_and_numbers_records(tmp_path: Path) -> None:
    path = tmp_path / "fixes.parquet"
    pl.DataFrame({"id": ["A1", None], "t": ["2026-06-15", "x"], "lon": [1.5, 2.0], "lat": [3, 4], "driver": ["secret", "secret"]}).write_parquet(path)
    rows = read(path, parse_mapping(write_mapping(tmp_path, TRACKING.replace("jsonl", "parquet"))))
    assert rows.frame.schema["longitude_deg"] == pl.Float64 and rows.frame["source_line"].to_list() == [1, 2]
    assert "driver" not in rows.frame.columns
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="not a readable Parquet file"):
        read(path, parse_mapping(write_mapping(tmp_path, TRACKING.replace("jsonl", "parquet"))))


def test_parquet_that_unpacks_to_far_more_than_any_log_is_refused_by_its_footer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal values pack to nothing: 20 million rows in 60 kB, and one long text that every row points at."""
    mapping = parse_mapping(write_mapping(tmp_path, TRACKING.replace("jsonl", "parquet")))
    path = tmp_path / "fixes.parquet"
    pl.DataFrame({"id": pl.Series([True]).new_from_index(0, 20_000_000)}).write_parquet(path)
    assert path.stat().st_size < 200_000
    with monkeypatch.context() as patch:
        patch.setattr(pl, "read_parquet", lambda *_, **__: pytest.fail("it was read"))
        with pytest.raises(InputError, match=r"it unpacks to more than 200 times its size and 256 MB\. No log does: it is refused\. Have it sent as CSV if it is one"):
            read(path, mapping)
    pl.DataFrame({"id": ["A" * 3_000_000] * 100, "t": "2026-06-15", "lon": 1.5, "lat": 3.0}).write_parquet(path)
    assert path.stat().st_size < 100_000
    with pytest.raises(InputError, match="it unpacks to more than 200 times"):
        read(path, mapping)
    pl.DataFrame({"id": ["A1"] * 100_000, "t": "2026-06-15", "lon": 1.5, "lat": 3.0}).write_parquet(path)
    assert path.stat().st_size < 10_000 and read(path, mapping).read_n == 100_000, "an honest log of equal rows"
