"""The ledger of a build: files, their days, freshness, and findings about files and lines. Pure: frames in, frames out.

For every file read_n = good_n + rejected_n + duplicate_n; `reconcile` asserts it before anything is published.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable

import polars as pl

from etl import clock
from etl.contracts.facts import DQ_FILE_DAYS, DQ_FILES, DQ_FINDINGS, META_FRESHNESS
from etl.contracts.reference import Site
from etl.contracts.staged import STAGED_TABLES
from etl.errors import InputError

TABLE_OF_SOURCE = {table.name.removeprefix("stg_"): table.name for table in STAGED_TABLES}
SOURCE_OF_TABLE = {table: source for source, table in TABLE_OF_SOURCE.items()}
_DATED = [table.name.removeprefix("stg_") for table in STAGED_TABLES if table.day and table.schema[table.day] == pl.Date]
# Their rows speak of the future (a lane open from tomorrow), so they do not move the port's "now".
NOT_NOW = ("means",)
# A port that is fed is never silent for a month; a clock that is wrong is seen within a week.
APART, ATTESTED_DAYS = dt.timedelta(days=31), 7


def files(int_files: pl.DataFrame, counts: pl.DataFrame) -> pl.DataFrame:
    """Return dq_files: the files as loaded, with good and superseded rows told apart by `counts` (INT_FILE_COUNTS)."""
    sums = counts.group_by("file_id").agg(pl.col("good_n").sum(), pl.col("duplicate_n").sum())
    joined = int_files.join(sums, on="file_id", how="left").with_columns(pl.col("good_n", "duplicate_n").fill_null(0))
    return DQ_FILES.conform(joined).sort("file_id")


def reconcile(dq_files: pl.DataFrame) -> None:
    """Raise InputError for the first loaded file whose lines are not all accounted for: a fault of ours, never to be published."""
    loaded = dq_files.filter(pl.col("status_code") == "loaded")
    wrong = loaded.filter(pl.col("read_n") != pl.col("good_n") + pl.col("rejected_n") + pl.col("duplicate_n"))
    if not wrong.is_empty():
        row = wrong.row(0, named=True)
        raise InputError(row["file_name"], f"{row['read_n']} lines read, but {row['good_n']} good, {row['rejected_n']} rejected and {row['duplicate_n']} duplicate", "", "Run `smartport rebuild`")


def file_days(int_files: pl.DataFrame, counts: pl.DataFrame, port_code: str) -> pl.DataFrame:
    """Return dq_file_days: rows by the local date of the event; rejects, which may have none, by the date of the file."""
    days = counts.group_by("file_id", "day").agg(pl.col("good_n").sum(), pl.col("duplicate_n").sum())
    rejected = int_files.filter(pl.col("rejected_n") > 0).select("file_id", pl.col("file_on").fill_null(dt.date(1970, 1, 1)).alias("day"), "rejected_n")
    both = days.join(rejected, on=["file_id", "day"], how="full", coalesce=True).join(int_files.select("file_id", "source_code"), on="file_id", how="left")
    numbers = ("good_n", "rejected_n", "duplicate_n")
    return DQ_FILE_DAYS.conform(both.with_columns(pl.col(*numbers).fill_null(0), pl.lit(port_code).alias("port_code"))).sort("day", "file_id")


def freshness(dq_files: pl.DataFrame, site: Site) -> pl.DataFrame:
    """Return meta_freshness: how far each source's loaded files reach."""
    seen = dq_files.filter(pl.col("status_code") == "loaded").group_by("source_code").agg(
        pl.col("first_event_at").min(), pl.col("last_event_at").max(), pl.len().cast(pl.Int64).alias("files_n"), pl.col("good_n").sum().alias("rows_n")
    )  # fmt: skip
    local = clock.to_local(seen["last_event_at"], site.zone_name).alias("last_event_local_at")
    # A source that knows dates only reaches to a date, which has no hours to be shifted by.
    dated = pl.col("source_code").is_in(_DATED) & (pl.col("last_event_at").dt.truncate("1d") == pl.col("last_event_at"))
    seen = seen.with_columns(local).with_columns(pl.when(dated).then("last_event_at").otherwise("last_event_local_at").alias("last_event_local_at"))
    return META_FRESHNESS.conform(seen.with_columns(pl.lit(site.port_code).alias("port_code"))).sort("source_code")


def now_at(int_files: pl.DataFrame, counts: pl.DataFrame, newest_on: Callable[[str, dt.date], dt.datetime | None]) -> dt.datetime | None:
    """Return the newest event of any source that records what happened: the dashboard's 'now'.

    Days that come more than a month after every other line, of which one source alone tells, and of less than a week, are a wrong clock's or a
    slip's: they are loaded, and do not count as 'now' while an older stretch of days is better attested. `counts` are INT_FILE_COUNTS;
    `newest_on` says the newest instant of a staged table on a UTC day.
    """
    days = counts.filter(~pl.col("table_name").is_in([TABLE_OF_SOURCE[name] for name in NOT_NOW])).select("table_name", "utc_day").unique().sort("utc_day")
    stretches = (
        days.group_by((pl.col("utc_day").diff() > APART).fill_null(False).cum_sum().alias("stretch"), maintain_order=True)
        .agg(pl.col("utc_day").max().alias("last"), (pl.col("table_name").n_unique() > 1) | (pl.col("utc_day").n_unique() >= ATTESTED_DAYS))
        .rename({"table_name": "is_attested"})
    )
    attested = stretches.filter("is_attested")
    if attested.is_empty() or stretches["is_attested"][-1]:
        return int_files.filter(~pl.col("source_code").is_in(NOT_NOW).fill_null(True))["last_event_at"].max()
    last = attested["last"][-1]
    return max(at for table in days.filter(pl.col("utc_day") == last)["table_name"] if (at := newest_on(table, last)) is not None)


def newest_of_mappings(int_files: pl.DataFrame) -> dict[str, dt.date]:
    """Return the date of the newest file of each mapping."""
    newest = int_files.filter(pl.col("status_code") == "loaded").drop_nulls(["mapping_name", "file_on"]).group_by("mapping_name").agg(pl.col("file_on").max())
    return dict(newest.iter_rows())


def file_findings(int_files: pl.DataFrame) -> pl.DataFrame:
    """Return DQ_FINDINGS about whole files, on the file's date: came after a newer one, or its lines are not in time order."""
    loaded = int_files.filter((pl.col("status_code") == "loaded") & pl.col("file_on").is_not_null())
    late = loaded.filter(pl.col("is_late").fill_null(False)).with_columns(
        pl.lit("late_file").alias("finding_code"), pl.lit("a newer file of its kind was already published when it came").alias("detail")
    )
    unordered = loaded.filter(pl.col("out_of_order_n") > 0).with_columns(
        pl.lit("out_of_order_file").alias("finding_code"), pl.format("{} lines are older than a line before them", "out_of_order_n").alias("detail")
    )
    both = pl.concat([late, unordered], how="diagonal")
    return DQ_FINDINGS.conform(both.select("port_code", pl.col("file_on").alias("day"), "finding_code", "source_code", "file_id", "detail"))


def build_id(int_files: pl.DataFrame, rules_version: str, tzdata_version: str, facts_digest: str, key_id: str) -> str:
    """Return the digest of a build's inputs, rules and reference. The order of loading and the clock on the wall do not enter."""
    digest = hashlib.sha256("|".join((rules_version, tzdata_version, facts_digest, key_id)).encode())
    for row in int_files.select("file_id", "status_code", "mapping_digest").sort("file_id").iter_rows():
        digest.update("|".join(str(value) for value in row).encode())
    return digest.hexdigest()[:16]


def facts_digest(site: Site) -> str:
    """Return the digest of what the site adds to the facts: its reference tables and its own words, not its mappings."""
    digest = hashlib.sha256(f"{site.port_code}|{site.port_name}|{site.zone_name}|{site.longitude_deg}|{site.latitude_deg}|{site.is_sample}|{getattr(site, 'stay_gap_s', '')}".encode())
    for lang in sorted(site.port_names):
        digest.update(f"|{lang}|{site.port_names[lang]}".encode())
    for name in sorted(site.tables):
        digest.update(name.encode() + site.tables[name].write_csv().encode())
    return digest.hexdigest()[:16]
