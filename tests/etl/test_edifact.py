"""UN/EDIFACT: messages are split and counted by us, a bad one costs itself only, and CODECO reads into the gate contract."""

from __future__ import annotations

import datetime as dt
import gzip
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from etl.contracts.reference import Site, load_site
from etl.errors import DeclarationError, InputError
from etl.identities import Identities
from etl.settings import SAMPLE_SITE
from etl.sources import Mapping, parse_mapping, read
from etl.sources.interchange import LONGEST_MESSAGE, Piece, Splitter
from etl.sources.segments import MESSAGES, place
from etl.validate import check_file
from etl.validate.checked import Checked

KEY = Identities(b"a key for tests only")
MAPPING = r"""
source = "gate"
files = ["codeco_*"]
file_date = '(\d{4}-\d{2}-\d{2})'
format = "edifact"
message = "CODECO"
clock = "zone:Africa/Casablanca"
time_formats = ["%Y%m%d%H%M%S", "%Y%m%d%H%M"]
[columns]
event_code = "BGM/1"
cleared_at = "DTM[7]/1.2"
plate = "TDT[1]/8.1"
carrier = "TDT[1]/5.1"
gate_code = "LOC[165]/2.1"
container_no = "EQD#1/2"
container_2_no = "EQD#2/2"
direction_code = "EQD/5"
appointment_ref = "RFF[AAE]/1.2"
[constants]
perimeter_code = "terminal"
[codes.event_code]
"34" = "in"
"36" = "out"
[codes.direction_code]
"2" = "export"
"3" = "import"
"""


@pytest.fixture(scope="module")
def site() -> Site:
    return load_site(SAMPLE_SITE)


@pytest.fixture(scope="module")
def mapping(tmp_path_factory: pytest.TempPathFactory) -> Mapping:
    path = tmp_path_factory.mktemp("mapping") / "codeco.toml"
    path.write_text(MAPPING)
    return parse_mapping(path)


def message(number: int, *more: str, kind: str = "CODECO", event: str = "36", at: str = "20260921123045", boxes: tuple[str, ...] = ("SMPU1234567",)) -> bytes:
    """One gate message with its counts right; `more` are segments before the end."""
    body = [
        f"UNH+{number}+{kind}:D:00B:UN:SMDG21", f"BGM+{event}+SOM{number:06d}+9", "TDT+1++3++O?'CARGO ?+ FILS:172:ZZZ+++12345-A-6:146",
        *(f"EQD+CN+{box}+22G1:102:5++3+5" for box in boxes), f"RFF+AAE:RV{number:08d}", f"DTM+7:{at}:204", "LOC+165+SOM-G:TER:ZZZ", *more,
    ]  # fmt: skip
    return "".join(f"{segment}'" for segment in (*body, f"UNT+{len(body) + 1}+{number}")).encode()


def interchange(messages: list[bytes], says: int | None = None, between: bytes = b"\r\n", charset: str = "UNOA") -> bytes:
    head, tail = f"UNA:+.? 'UNB+{charset}:3+SOM+ANP+260921:1230+REF1'".encode(), f"UNZ+{len(messages) if says is None else says}+REF1'\n".encode()
    return head + between + between.join([*messages, tail])


def checked(folder: Path, mapping: Mapping, site: Site, data: bytes, name: str = "codeco_2026-09-21.edi") -> Checked:
    (folder / name).write_bytes(data)
    return check_file(folder / name, mapping, site, KEY)


def reasons(found: Checked) -> dict[int, list[str]]:
    return dict(found.rejects.select("source_line", "reason_codes").iter_rows())


def split(data: bytes, block: int) -> tuple[list[Piece], Splitter]:
    splitter, found = Splitter(), []
    blocks = [data[at : at + block] for at in range(0, len(data), block)] or [b""]
    for number, each in enumerate(blocks, start=1):
        found += splitter.feed(each, is_last=number == len(blocks))
    return found, splitter


# ---- what is read


def test_codeco_becomes_gate_transactions(tmp_path: Path, mapping: Mapping, site: Site):
    data = interchange([message(1), message(2, event="34", at="202609211300", boxes=("SMPU1234567", "ZXQU7654321"))])
    found = checked(tmp_path, mapping, site, data)
    assert (found.read_n, found.good.height, found.lines_n, found.file_on) == (2, 2, 2, dt.date(2026, 9, 21))
    first, second = found.good.sort("source_line").to_dicts()
    assert [first[name] for name in ("source_line", "perimeter_code", "event_code", "gate_code", "direction_code", "appointment_ref")] == [1, "terminal", "out", "SOM-G", "import", "RV00000001"]
    assert first["cleared_at"] == dt.datetime(2026, 9, 21, 12, 30, 45) and second["cleared_at"] == dt.datetime(2026, 9, 21, 13, 0)
    assert first["plate_key"] == KEY.pseudonyms(_series("12345-A-6"), "plate")[0]
    assert first["carrier_key"] == KEY.pseudonyms(_series("O'CARGO + FILS"), "carrier")[0]  # release characters are taken off
    assert (first["container_2_key"], second["container_2_key"] is None) == (None, False)


def _series(text: str):
    import polars as pl

    return pl.Series([text])


def test_the_interchange_names_its_own_marks_and_may_be_packed(tmp_path: Path, mapping: Mapping, site: Site):
    plain = interchange([message(1), message(2)])
    other = b"UNA|*.! ~" + plain[9:].replace(b"?'", b"\1").replace(b"?+", b"\2").replace(b":", b"|").replace(b"+", b"*").replace(b"'", b"~").replace(b"\1", b"'").replace(b"\2", b"+")
    wanted = checked(tmp_path, mapping, site, plain).good.drop("file_id")
    assert checked(tmp_path, mapping, site, other, "codeco_2026-09-21b.edi").good.drop("file_id").equals(wanted)
    assert checked(tmp_path, mapping, site, gzip.compress(plain), "codeco_2026-09-21.edi.gz").good.drop("file_id").equals(wanted)
    both = checked(tmp_path, mapping, site, plain + b"\n" + other, "codeco_2026-09-21c.edi")
    assert both.good["source_line"].to_list() == [1, 2, 3, 4]


def test_the_header_and_the_messages_of_a_group_count(tmp_path: Path, mapping: Mapping, site: Site):
    grouped = b"UNB+UNOA:3+SOM+ANP+260921:1230+REF1'UNG+CODECO+A+B+260921:1230+G1+UN+D:00B'" + message(1) + message(2) + b"UNE+2+G1'UNZ+1+REF1'"
    assert checked(tmp_path, mapping, site, grouped).good.height == 2
    wrong = checked(tmp_path, mapping, site, grouped.replace(b"UNE+2", b"UNE+3"))
    assert (wrong.good.height, reasons(wrong)) == (2, {3: ["wrong_count"]})


# ---- what is rejected, and nothing else with it


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (lambda m: m.replace(b"UNT+8", b"UNT+9"), ["wrong_count"]),
        (lambda m: m.replace(b"UNT+8+2", b"UNT+8+3"), ["wrong_count"]),
        (lambda m: m.replace(b"UNT+8", b"UNT+"), ["wrong_count"]),
        (lambda m: m[: m.index(b"UNT")], ["truncated_message"]),
        (lambda m: m[: m.index(b"RFF") + 5] + b"'", ["truncated_message"]),
        (lambda m: m[m.index(b"TDT") :], ["truncated_message"]),
        (lambda m: m.replace(b"LOC+", b"XYZ+"), ["unknown_segment"]),
        (lambda m: m.replace(b"LOC+165", b"loc+165"), ["unknown_segment"]),
        (lambda m: m.replace(b"LOC+", b"XYZ+").replace(b"UNT+8", b"UNT+9"), ["wrong_count", "unknown_segment"]),
        (lambda m: m.replace(b"CARGO", b"CARG\xd6"), ["bad_encoding"]),
        (lambda m: m.replace(b"CARGO", b"CARG\0"), ["nul_byte"]),
        (lambda m: m.replace(b"CODECO", b"COARRI"), ["malformed_message"]),
        (lambda m: m.replace(b"RFF+", b"EQD+CN+A'EQD+CN+B'RFF+").replace(b"UNT+8", b"UNT+10"), ["malformed_message"]),
        (lambda m: m.replace(b"SOM-G", b"NOWHERE"), ["unknown_reference"]),
        (lambda m: m.replace(b"DTM+7:20260921123045", b"DTM+7:20260931123045"), ["bad_type"]),
        (lambda m: m.replace(b"DTM+7", b"DTM+8"), ["missing_value"]),
    ],
)
def test_a_bad_message_is_rejected_with_its_reasons_alone(tmp_path: Path, mapping: Mapping, site: Site, change: object, codes: list[str]):
    good, bad = message(2), change(message(2))
    assert bad != good
    found = checked(tmp_path, mapping, site, interchange([message(1), bad, message(3)]))
    assert reasons(found) == {2: codes}
    assert found.good["source_line"].to_list() == [1, 3] and found.read_n == 3
    assert found.reject_bytes["raw"].to_list() == [bad]
    shown = "".join(found.rejects["reasons"].to_list() + found.rejects["masked_line"].to_list())
    assert not any(secret in shown for secret in ("12345", "SMPU", "CARGO"))
    place_of = "(message at byte 2" if codes not in (["unknown_reference"], ["bad_type"], ["missing_value"]) else ""
    assert place_of in found.rejects["reasons"][0]


def test_a_missing_message_is_one_rejected_unit(tmp_path: Path, mapping: Mapping, site: Site):
    short = checked(tmp_path, mapping, site, interchange([message(1), message(2)], says=3))
    assert (short.good.height, reasons(short), short.read_n) == (2, {3: ["wrong_count"]}, 3)
    assert "UNZ says 3, 2 were found" in short.rejects["reasons"][0]


@pytest.mark.parametrize(("cut", "good", "rejected"), [(4, 2, 1), (12, 2, 1), (13, 2, 1), (16, 1, 1), (30, 1, 1), (90, 1, 1), (280, 0, 1)])
def test_a_truncated_tail_counts_as_one(tmp_path: Path, mapping: Mapping, site: Site, cut: int, good: int, rejected: int):
    found = checked(tmp_path, mapping, site, interchange([message(1), message(2)])[:-cut])
    assert (found.good.height, found.rejects.height) == (good, rejected)
    assert found.rejects["reason_codes"].to_list() == [["truncated_message"]]


def test_a_lost_terminator_costs_two_messages(tmp_path: Path, mapping: Mapping, site: Site):
    """The UNH of the next message is glued to this one's UNT: one has no right end, the other no beginning."""
    found = checked(tmp_path, mapping, site, interchange([message(1), message(2)[:-1], message(3), message(4)]))
    assert found.good["source_line"].to_list() == [1, 4]
    assert reasons(found) == {2: ["wrong_count"], 3: ["truncated_message"]}


def test_characters_follow_the_set_unb_names_unless_the_mapping_knows_better(tmp_path: Path, mapping: Mapping, site: Site):
    accented = message(1).replace(b"CARGO", b"CARG\xd6")
    assert checked(tmp_path, mapping, site, interchange([accented], charset="UNOC")).good.height == 1
    assert reasons(checked(tmp_path, mapping, site, interchange([accented], charset="UNOY"))) == {1: ["bad_encoding"]}
    assert reasons(checked(tmp_path, mapping, site, interchange([message(1), accented], charset="XXXX"))) == {1: ["bad_encoding"], 2: ["bad_encoding"]}
    own = tmp_path / "own.toml"
    own.write_text(MAPPING.replace('message = "CODECO"', 'message = "CODECO"\nencoding = "cp1252"'))
    assert checked(tmp_path, parse_mapping(own), site, interchange([accented])).good.height == 1


@pytest.mark.parametrize("filler", [b"A", *(pytest.param(filler, marks=pytest.mark.slow) for filler in (b"?'", b"?", b"+", b"' '"))])
def test_fifty_megabytes_in_one_line_are_one_rejected_message(tmp_path: Path, mapping: Mapping, site: Site, filler: bytes):
    many = filler * (50_000_000 // len(filler)) if filler != b"' '" else filler * 700_000
    began = time.process_time()
    found = checked(tmp_path, mapping, site, interchange([message(1), message(2, "FTX+AAI+++" + "@").replace(b"@", many), message(3)], between=b""))
    assert time.process_time() - began < 30  # nothing that grows with the square of the length
    assert found.good["source_line"].to_list() == [1, 3] and reasons(found) == {2: ["malformed_message"]}
    assert f"more than {LONGEST_MESSAGE:,}" in found.rejects["reasons"][0]


def test_what_is_no_interchange_is_refused_whole(tmp_path: Path, mapping: Mapping, site: Site):
    with pytest.raises(InputError, match="neither a UNB nor a UNH segment"):
        checked(tmp_path, mapping, site, b"plate;gate\n1;2\n")
    assert checked(tmp_path, mapping, site, interchange([])).read_n == 0


# ---- whatever bytes come


BYTES = st.one_of(st.sampled_from([b"'", b"+", b":", b"?", b"?'", b"UNT+8+2'", b"UNH+", b"UNZ+1+REF1'", b"UNB+UNOA:3'", b"\n", b"\0", b"\xff", b"''", b"UNA:+.? '", b"UN"]), st.binary(max_size=6))


@example(data=b"UNA'''''''", block=1)
@example(data=b"UNH+1'?", block=2)
@given(data=st.lists(st.one_of(BYTES, st.sampled_from([message(1), message(2), b"UNZ+2+REF1'", b"UNB+UNOA:3+A+B+C+REF1'"])), max_size=12).map(b"".join), block=st.integers(1, 90))
@settings(max_examples=400, deadline=None)
def test_splitting_loses_and_invents_nothing(data: bytes, block: int):
    whole, splitter = split(data, max(len(data), 1))
    parts, other = split(data, block)
    assert parts == whole and (other.service_bytes, other.blank_bytes) == (splitter.service_bytes, splitter.blank_bytes)
    assert sum(len(piece.raw) for piece in whole) + splitter.service_bytes + splitter.blank_bytes == len(data)
    assert all(piece.faults or (piece.is_message and piece.segments[0].startswith(b"UNH") and piece.segments[-1].startswith(b"UNT")) for piece in whole)
    offsets = [piece.offset for piece in whole if piece.raw]
    assert offsets == sorted(set(offsets))


@given(victim=st.integers(0, 5), at=st.integers(0, 400), octets=BYTES, cut=st.integers(0, 20))
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damage_in_one_message_reaches_no_further_than_the_next(tmp_path: Path, mapping: Mapping, site: Site, victim: int, at: int, octets: bytes, cut: int):
    messages = [message(number + 1) for number in range(6)]
    at %= len(messages[victim])
    messages[victim] = messages[victim][:at] + octets + messages[victim][at + cut :]
    found = checked(tmp_path, mapping, site, interchange(messages))
    assert found.good.height + found.rejects.height == found.read_n
    survived = set(found.good["appointment_ref"].to_list())
    untouched = {f"RV{number + 1:08d}" for number in range(6) if number not in (victim, victim + 1)}
    assert untouched <= survived


@pytest.mark.parametrize("block", [1, 64, 500])
def test_stretches_number_on(tmp_path: Path, mapping: Mapping, site: Site, block: int):
    from etl.sources import chunks

    path = tmp_path / "codeco_2026-09-21.edi"
    path.write_bytes(interchange([message(number) for number in range(1, 8)]))
    rows = [number for raw in chunks(path, mapping, block_bytes=block) for number in raw.frame["source_line"]]
    assert rows == list(range(1, 8)) == read(path, mapping).frame["source_line"].to_list()


# ---- the mapping


@pytest.mark.parametrize(
    ("change", "to", "said"),
    [
        ('message = "CODECO"\n', "", "message '' is not known. Known: CODECO, COARRI, VERMAS, CUSRES"),
        ('message = "CODECO"', 'message = "CODECO"\ndelimiter = ";"', "delimiter means nothing in an interchange"),
        ('"BGM/1"', '"BGM"', "'BGM' is no place in a message"),
        ('"BGM/1"', '"ZZZ/1"', "a CODECO message has no segment ZZZ"),
        ('format = "edifact"', 'format = "csv"', "format 'csv' has no messages"),
    ],
)
def test_a_wrong_mapping_is_refused(tmp_path: Path, change: str, to: str, said: str):
    (tmp_path / "codeco.toml").write_text(MAPPING.replace(change, to))
    with pytest.raises(DeclarationError, match=said.replace("(", r"\(")):
        parse_mapping(tmp_path / "codeco.toml")


@pytest.mark.parametrize("kind", MESSAGES)
def test_every_message_type_has_places(kind: str):
    assert place("BGM/1", kind, "x").value([["BGM", "34"]]) == "34"
    assert place("DTM[7]/1.2", kind, "x").value([["DTM", ["8", "a"]], ["DTM", ["7", "b", "204"]]]) == "b"
    assert place("UNB/2.1", kind, "x").value([["UNB", ["UNOA", "3"], "SOM"]]) == "SOM"
    assert place("BGM/9.2", kind, "x").value([["BGM", "34"]]) is None


# ---- other message types, into other contracts

CUSRES = r"""
source = "customs"
files = ["cusres_*"]
format = "edifact"
message = "CUSRES"
clock = "utc"
time_formats = ["%Y%m%d%H%M"]
[columns]
declaration_no = "RFF[ABT]/1.2"
event_code = "GIS/1.1"
event_at = "DTM[148]/1.2"
office_code = "LOC[22]/2.1"
container_no = "EQD/2"
[codes.event_code]
"5" = "released"
"8" = "inspection_ordered"
"""
VERMAS = r"""
source = "messages"
files = ["vermas_*"]
format = "edifact"
message = "VERMAS"
clock = "utc"
time_formats = ["%Y%m%d%H%M"]
[columns]
message_no = "BGM/2"
partner_code = "UNB/2.1"
sent_at = "DTM[137]/1.2"
needed_at = "DTM[132]/1.2"
[constants]
message_type_code = "vermas"
"""


def test_cusres_becomes_customs_events(tmp_path: Path, site: Site):
    (tmp_path / "cusres.toml").write_text(CUSRES)
    body = "UNH+1+CUSRES:D:00B:UN'BGM+961+R1+9'GIS+{gis}'DTM+148:202609211030:203'LOC+22+309'RFF+ABT:IM30900000001'EQD+CN+SMPU1234567'UNT+8+1'"
    data = b"UNB+UNOA:3+BADR+ANP+260921:1030+I1'" + "".join(body.format(gis=gis) for gis in ("5", "8", "99")).encode() + b"UNZ+3+I1'"
    found = checked(tmp_path, parse_mapping(tmp_path / "cusres.toml"), site, data, "cusres_1.edi")
    assert found.good["event_code"].to_list() == ["released", "inspection_ordered"] and reasons(found) == {3: ["unknown_code"]}
    assert found.good.row(0, named=True)["event_at"] == dt.datetime(2026, 9, 21, 10, 30) and found.good["office_code"].to_list() == ["309", "309"]
    assert found.good["declaration_key"][0] == KEY.pseudonyms(_series("IM30900000001"), "declaration_no")[0]


def test_vermas_becomes_messages_of_the_partner_the_header_names(tmp_path: Path, site: Site):
    (tmp_path / "vermas.toml").write_text(VERMAS)
    body = "UNH+1+VERMAS:D:16A:UN:SMDG10'BGM+749+{number}+9'DTM+137:202609211030:203'DTM+132:202609220600:203'NAD+AM+FORWARDER'EQD+CN+SMPU1234567'MEA+AAE+VGM+KGM:24120'UNT+8+1'"
    one, other = (f"UNB+UNOA:3+{sender}+ANP+260921:1030+I1'{body.format(number=sender)}UNZ+1+I1'".encode() for sender in ("TERMINAUX", "NOBODY"))
    found = checked(tmp_path, parse_mapping(tmp_path / "vermas.toml"), site, one + other, "vermas_1.edi")
    row = found.good.row(0, named=True)
    assert (row["message_type_code"], row["partner_code"], row["needed_at"]) == ("vermas", "TERMINAUX", dt.datetime(2026, 9, 22, 6, 0)) and found.good.height == 1
    assert reasons(found) == {2: ["unknown_reference"]}


COARRI = r"""
source = "moves"
files = ["coarri_*"]
format = "edifact"
message = "COARRI"
clock = "utc"
time_formats = ["%Y%m%d%H%M"]
[columns]
move_code = "BGM/1"
container_no = "EQD#1/2"
moved_at = "DTM[203]/1.2"
terminal_code = "LOC[11]/2.1"
[codes.move_code]
"44" = "discharge"
"46" = "load"
"""


def test_coarri_becomes_discharges_and_loadings(tmp_path: Path, site: Site):
    """One container a message, as partners agree the codes of BGM; a message of two is rejected, not cut to its first; the ones beside it are read."""
    (tmp_path / "coarri.toml").write_text(COARRI)
    head, tail = "UNH+{n}+COARRI:D:00B:UN:SMDG20'BGM+{kind}+R{n}+9'TDT+20+V12+1++CMA:172:20+++SHIP1:103::ALPHA'", "DTM+203:2026092110{n}0:203'LOC+11+TCE'"
    one = head + "EQD+CN+SMPU123456{n}+22G1:102:5+++5'" + tail + "CNT+16:1'UNT+8+{n}'"
    two = head + "EQD+CN+SMPU1234567+22G1:102:5+++5'EQD+CN+SMPU7654321+22G1:102:5+++5'" + tail + "CNT+16:2'UNT+9+{n}'"
    data = b"UNB+UNOA:3+TCE+ANP+260921:1030+I1'" + "".join(text.format(n=n, kind=kind) for n, (text, kind) in enumerate([(one, 44), (two, 44), (one, 46), (one, 43)], start=1)).encode() + b"UNZ+4+I1'"
    found = checked(tmp_path, parse_mapping(tmp_path / "coarri.toml"), site, data, "coarri_1.edi")
    assert found.good.select("source_line", "move_code", "moved_at", "terminal_code").rows() == [
        (1, "discharge", dt.datetime(2026, 9, 21, 10, 10), "TCE"), (3, "load", dt.datetime(2026, 9, 21, 10, 30), "TCE"),
    ]  # fmt: skip
    assert reasons(found) == {2: ["malformed_message"], 4: ["unknown_code"]} and "EQD stands 2 times; the mapping reads 1" in found.rejects["reasons"][0]
