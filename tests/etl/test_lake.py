"""The lake: what was committed is there, once, in every order of loading."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import replace

import polars as pl
import pytest

from etl.contracts.staged import STG_LOGBOOK
from etl.errors import BuildError
from etl.lake import Lake, file_counts

AT = dt.datetime
DAY = dt.date


def entries(file_id: str, file_on: DAY, *rows: tuple[int, str, AT, int]) -> pl.DataFrame:
    """Logbook rows of one file: (line, entry_ref, started_at, digest)."""
    return STG_LOGBOOK.conform(
        pl.DataFrame(
            [
                {"port_code": "MACAS", "file_id": file_id, "source_line": line, "file_on": file_on, "row_digest": digest, "clock_flag": "ok",
                 "entry_ref": ref, "logbook_code": "incident", "started_at": at}
                for line, ref, at, digest in rows
            ]
        )
    )  # fmt: skip


A = entries("a" * 16, DAY(2026, 1, 31), (1, "E1", AT(2026, 1, 31, 22), 5), (2, "E2", AT(2026, 1, 31, 23, 30), 6))
B = entries("b" * 16, DAY(2026, 2, 1), (1, "E2", AT(2026, 1, 31, 23, 30), 1), (2, "E3", AT(2026, 2, 1, 9), 7))
C = entries("c" * 16, DAY(2026, 1, 31), (1, "E1", AT(2026, 1, 31, 22), 9), (2, "E1", AT(2026, 1, 31, 22), 8))


def lines(frame: pl.DataFrame) -> list[tuple[str, str, int]]:
    return sorted((row["entry_ref"], row["file_id"][0], row["source_line"]) for row in frame.iter_rows(named=True))


@pytest.mark.parametrize("order", list(itertools.permutations((A, B, C))))
@pytest.mark.parametrize("at_once", [True, False])
def test_the_greater_file_date_then_the_greater_digest_wins_in_every_order(tmp_path, order, at_once):
    lake = Lake(tmp_path, "MACAS")
    for frame in order:
        lake.append("stg_logbook", frame)
        if not at_once:
            lake.commit()
    lake.commit()
    again = Lake(tmp_path, "MACAS")
    best = again.read("stg_logbook", DAY(2026, 1, 1), DAY(2026, 2, 28))
    assert lines(best) == [("E1", "c", 1), ("E2", "b", 1), ("E3", "b", 2)]
    rows = again.rows("stg_logbook")
    assert rows.height == 6
    # Casablanca is an hour ahead then: 23:30 UTC is the next local day.
    counts = file_counts(rows, best, "stg_logbook", "Africa/Casablanca").sort("file_id", "utc_day", "day")
    assert [(r["file_id"][0], r["day"], r["good_n"], r["duplicate_n"]) for r in counts.iter_rows(named=True)] == [
        ("a", DAY(2026, 1, 31), 0, 1), ("a", DAY(2026, 2, 1), 0, 1), ("b", DAY(2026, 2, 1), 1, 0), ("b", DAY(2026, 2, 1), 1, 0), ("c", DAY(2026, 1, 31), 1, 1),
    ]  # fmt: skip


def test_a_window_reads_its_utc_days_only(tmp_path):
    lake = Lake(tmp_path, "MACAS")
    lake.append("stg_logbook", pl.concat([A, B]))
    lake.commit()
    assert lines(lake.read("stg_logbook", DAY(2026, 2, 1), DAY(2026, 2, 1))) == [("E3", "b", 2)]
    assert lake.read("stg_logbook", DAY(2027, 1, 1), DAY(2027, 1, 1)).schema == STG_LOGBOOK.empty().schema
    assert lines(lake.rows("stg_logbook", after_n=lake.manifest.n)) == []


def test_nothing_exists_before_the_commit_and_leftovers_of_a_killed_load_go(tmp_path):
    lake = Lake(tmp_path, "MACAS")
    lake.append("stg_logbook", A)
    lake.commit()
    killed = Lake(tmp_path, "MACAS")
    killed.append("stg_logbook", B)
    killed._loading.touch()
    killed._write_parts(2)  # and dies before the manifest
    after = Lake(tmp_path, "MACAS")
    assert lines(after.rows("stg_logbook")) == lines(A)
    after.append("stg_logbook", C)
    after.commit()
    assert lines(Lake(tmp_path, "MACAS").rows("stg_logbook")) == lines(pl.concat([A, C]))
    assert len(list(tmp_path.rglob("*.parquet"))) == len(after.manifest.parts)


def test_a_superseded_file_counts_by_its_last_load_only(tmp_path):
    lake = Lake(tmp_path, "MACAS")
    lake.append("stg_logbook", pl.concat([A, B]))
    lake.commit()
    more = entries("a" * 16, DAY(2026, 1, 31), (1, "E1", AT(2026, 1, 31, 22), 5), (3, "E9", AT(2026, 1, 31, 12), 6))
    lake.supersede(["a" * 16])
    lake.append("stg_logbook", more)
    lake.commit()
    assert lines(Lake(tmp_path, "MACAS").rows("stg_logbook")) == lines(pl.concat([more, B]))
    lake.supersede(["b" * 16])
    lake.append("stg_logbook", B)
    lake.commit()
    assert lines(Lake(tmp_path, "MACAS").rows("stg_logbook")) == lines(pl.concat([more, B]))
    assert lake.manifest.superseded == {}, "once no old part holds its rows, a superseded file is forgotten"


def test_a_lake_of_another_layout_is_refused(tmp_path):
    (tmp_path / "v9").mkdir()
    with pytest.raises(BuildError, match="layout v9"):
        Lake(tmp_path, "MACAS")


def test_nothing_new_makes_no_manifest(tmp_path):
    lake = Lake(tmp_path, "MACAS")
    lake.append("stg_logbook", A)
    first = lake.commit(key_id="k1")
    assert lake.commit(key_id="k1") is first


def test_a_part_written_before_a_column_was_invented_has_none_of_its_values(tmp_path):
    """A lake outlives the contract it was begun with: a month that was loaded before must still be read beside a new one."""
    lake = Lake(tmp_path, "MACAS")
    lake.append("stg_logbook", A)
    lake.commit(key_id="k")
    (old,) = tmp_path.rglob("*.parquet")
    pl.read_parquet(old, hive_partitioning=False).drop("place_code").write_parquet(old)
    lake.manifest = replace(lake.manifest, parts=tuple(replace(part, bytes_n=None, digest="") for part in lake.manifest.parts))  # that program kept no digests
    lake.append("stg_logbook", B.with_columns(place_code=pl.lit("TCE")))
    lake.commit()
    found = lake.rows("stg_logbook").sort("file_id", "source_line")
    assert found.columns == list(STG_LOGBOOK.columns) and found["place_code"].to_list() == [None, None, "TCE", "TCE"]
