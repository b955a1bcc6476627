"""The quarantine is owner-only, survives being killed, forgets in time, and masks what leaves it."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import polars as pl
import pytest

from etl import quarantine
from etl.sources.masks import shown

PORT, FILE = "XXTST", "0123456789abcdef"


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_files_and_rejected_bytes_are_kept_owner_only(tmp_path: Path) -> None:
    source, root = tmp_path / "gate_1.csv.gz", tmp_path / "home" / "quarantine"
    source.write_bytes(b"\x00raw\xff")
    source.chmod(0o644)
    rejected = pl.DataFrame({"source_line": [3], "raw": [b"\xff\x00 12345-A-6"]}, schema=quarantine.REJECT_BYTES_SCHEMA)
    for _ in range(2):
        quarantine.keep_file(root, PORT, FILE, source)
        quarantine.keep_rejects(root, PORT, FILE, rejected)
    kept = quarantine.raw_file(root, PORT, FILE)
    assert kept.name == "gate_1.csv.gz" and kept.read_bytes() == source.read_bytes()
    assert quarantine.rejected_bytes(root, PORT, FILE).equals(rejected)
    for path in [root, *root.rglob("*")]:
        assert _mode(path) == (0o700 if path.is_dir() else 0o600), path
    quarantine.keep_rejects(root, PORT, FILE, rejected.clear())
    assert quarantine.rejected_bytes(root, PORT, FILE).is_empty()


def test_a_half_written_copy_is_never_taken_for_the_file(tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_bytes(b"whole")
    folder = tmp_path / "q" / PORT / FILE / "raw"
    folder.mkdir(parents=True)
    (folder / "a.csv.17.part").write_bytes(b"ha")
    assert quarantine.raw_file(tmp_path / "q", PORT, FILE) is None
    assert quarantine.keep_file(tmp_path / "q", PORT, FILE, source).read_bytes() == b"whole"
    assert quarantine.raw_file(tmp_path / "q", PORT, FILE).read_bytes() == b"whole"


def test_what_is_older_than_the_retention_goes(tmp_path: Path) -> None:
    root = tmp_path / "q"
    for name, age_days in (("old", 401), ("young", 399)):
        source = tmp_path / f"{name}.csv"
        source.write_bytes(b"x")
        kept = quarantine.keep_file(root, PORT, name, source)
        os.utime(kept, (0, 1e9 - age_days * 86_400))
    assert quarantine.expire(root, 400, now_s=1e9) == ["old"]
    assert quarantine.raw_file(root, PORT, "old") is None and quarantine.raw_file(root, PORT, "young") is not None
    assert quarantine.expire(tmp_path / "nothing", 400) == []


@pytest.mark.parametrize("value", ["6A", "G9", "TC3", "WB1", "2026-06-15T08:00:00Z", "31/02/2026 08:00:00", "-7.61", "30 500", "wet", "IMP|EXP", "P6_A"])
def test_codes_numbers_and_times_may_be_shown(value: str) -> None:
    assert shown(value) == value


@pytest.mark.parametrize("value", ["12345-A-6", "12345-أ-6", "MSKU1234567", "BJ998", "99812", "1234567-8", "أحمد", "AB-123-CD"])
def test_what_may_be_an_identity_is_masked(value: str) -> None:
    assert not any(letter.isalnum() for letter in shown(value))


def test_a_long_value_is_cut_and_unprintable_letters_are_replaced() -> None:
    assert shown("x" * 80) == "x" * 60 + "..."
    assert shown("a\x00\x1b[31mb") == "a??[31mb"


def test_expiry_is_looked_after_once_a_day(tmp_path):
    root, source = tmp_path / "q", tmp_path / "gate.csv"
    quarantine.expire_daily(root, 10)  # before the first load there is nothing
    source.write_bytes(b"whole")
    for name, passed in (("one", 0), ("two", 3600), ("three", 90_000)):
        kept = quarantine.keep_file(root, PORT, name, source)
        os.utime(kept, (1, 1))
        if (mark := root / ".expired").exists():
            os.utime(mark, (time.time() - passed,) * 2)
        quarantine.expire_daily(root, 10)
        assert (quarantine.raw_file(root, PORT, name) is None) == (name != "two"), name
    assert quarantine.raw_file(root, PORT, "two") is None, "gone with the next day's look"


def test_a_firms_name_in_a_code_column_is_not_shown() -> None:
    """A transporter's name had slipped into the direction column and lay readable in the reasons."""
    assert shown("TRANSPORTS ESSAI 064") == "********** ***** ***"
    assert shown("EXPORT ") == "EXPORT "
    assert shown("2026-09-20 01:30:00") == "2026-09-20 01:30:00"
    assert shown("Date heure passage", is_header=True) == "Date heure passage"
