"""Publishing: the changed segments and the ledger are written beside the old ones, then the pointer is replaced."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import polars as pl

from etl import clock
from etl.contracts.facts import DQ_REJECTS, META_BUILDS
from etl.contracts.reference import NAME_LANGUAGES, REFERENCE_TABLES, Site
from etl.errors import BuildError
from etl.settings import Settings
from etl.warehouse.files import check_rows, do, seal, sync
from etl.warehouse.pointer import POINTER_VERSION, point, read_pointer, replaced, sweep
from etl.warehouse.segments import Changes, write_segments
from etl.warehouse.tables import LEDGER_FILE_TABLES, NO_MONTH


def publish(
    settings: Settings, site: Site, changes: Changes | Iterable[Changes | Sequence[Changes]], ledger: Mapping[str, pl.DataFrame], manifest_n: int = 0,
    state: Mapping | None = None, *, is_whole: bool = False, rejects_n: int | None = None, facts_from: str = "",
) -> str:  # fmt: skip
    """Write the changed segments and the ledger beside the old ones, then point to them. Return the build id.

    Several `changes` are taken one after the other, so that a long history need not lie in memory at once; those given side by
    side, of different tables, are written together. `is_whole` says that all of them are all rows there are. `ledger` holds
    dq_files, dq_file_days, meta_builds (one row) and meta_freshness; absent tables are empty, an absent meta_builds is made up
    (for tests that write a small build from frames). Further frames in it whose name starts with `int_` are kept in the ledger
    file for the next load. `state` goes into the pointer as it is. `rejects_n` is how many rejected lines the files have, all
    told. Months before `facts_from` (ISO date) leave the build. Until the last statement the old build is the current one. Raises BuildError when what was written is not what was given.
    """
    folder = settings.build / site.port_code
    folder.mkdir(parents=True, exist_ok=True)
    old = read_pointer(settings.build, site.port_code)
    about = ledger.get("meta_builds")
    about = META_BUILDS.conform(about) if about is not None else _made_up_build(site, changes, manifest_n)
    build_id = about["build_id"][0]
    token = f"{build_id[:8]}-{secrets.token_hex(3)}"
    segments = {} if is_whole or old is None or (isinstance(changes, Changes) and changes.days is None) else dict(old["segments"])
    ledger_name = f"ledger-{token}.duckdb"
    with ThreadPoolExecutor(1) as aside:  # the ledger hangs on none of the changes, which may still have to be made
        written = aside.submit(_write_ledger, folder / ledger_name, site, {**ledger, "meta_builds": about})
        for serial, change in enumerate([changes] if isinstance(changes, Changes) else changes):
            segments = write_segments(folder, segments, [change] if isinstance(change, Changes) else change, f"{token}-{serial}", is_append=is_whole)
        ledger_seal = written.result()
    segments = {month: segment for month, segment in segments.items() if month >= facts_from[:7] or month == NO_MONTH}
    _check_rejects(segments, rejects_n)
    pointer = {
        "version": POINTER_VERSION, "port_code": site.port_code, "build_id": build_id, "manifest_n": manifest_n, "ledger": ledger_name, "ledger_seal": ledger_seal,
        "segments": dict(sorted(segments.items())), "state": dict(state or {}), "replaced": replaced(folder, old, ledger_name, segments),
    }  # fmt: skip
    point(folder, pointer)
    sweep(folder, settings.replaced_build_hours)
    return build_id


def _check_rejects(segments: Mapping[str, dict], expected: int | None) -> None:
    """Raise BuildError unless the segments hold as many rejected lines as the files have: two ways from the same logs must meet."""
    found = sum(segment["rows"].get(DQ_REJECTS.name, 0) for segment in segments.values())
    if expected is not None and found != expected:
        raise BuildError("table dq_rejects", f"{found:,} rejected lines would be published, but the files have {expected:,}", "", "Run `smartport rebuild`; the last build stands")


def _made_up_build(site: Site, changes: Changes | Iterable[Changes | Sequence[Changes]], manifest_n: int) -> pl.DataFrame:
    given = changes.frames if isinstance(changes, Changes) else {}
    newest = [frame[column].max() for name, column in (("fct_visits", "entry_at"), ("fct_visits", "exit_at"), ("fct_zone_stays", "left_at"))
              if (frame := given.get(name)) is not None and column in frame.columns]  # fmt: skip
    now_at = max((at for at in newest if at is not None), default=None)
    digest = hashlib.sha256(f"{site.digest}|{manifest_n}|{secrets.token_hex(8)}".encode()).hexdigest()[:16]
    return build_row(site, digest, now_at, files_n=0)


def build_row(site: Site, build_id: str, now_at: dt.datetime | None, files_n: int, rules_version: str = "") -> pl.DataFrame:
    """Return the one row of meta_builds."""
    now = pl.Series("now_at", [now_at], dtype=pl.Datetime("us"))
    row = pl.DataFrame(
        {
            "port_code": site.port_code, "build_id": build_id, "built_at": dt.datetime.now(dt.UTC).replace(tzinfo=None), "port_name": site.port_name,
            "zone_name": site.zone_name, "rules_version": rules_version, "tzdata_version": clock.TZDATA_VERSION, "is_sample": site.is_sample, "files_n": files_n,
            **{f"port_name_{lang}": site.port_names.get(lang) for lang in NAME_LANGUAGES},
        }
    )  # fmt: skip
    return META_BUILDS.conform(row.with_columns(now, clock.to_local(now, site.zone_name).alias("now_local_at")))


def _write_ledger(path: Path, site: Site, ledger: Mapping[str, pl.DataFrame]) -> dict:
    """Write the ledger file and return its seal."""
    rows = {}
    connection = duckdb.connect(str(path))
    try:
        for table in LEDGER_FILE_TABLES:
            frame = site.tables.get(table.name) if table in REFERENCE_TABLES else ledger.get(table.name)
            do(connection, table.ddl())
            rows[table.name] = 0 if frame is None else frame.height
            if frame is not None and not frame.is_empty():
                connection.register("incoming", table.conform(frame))
                do(connection, f"INSERT INTO {table.name} SELECT * FROM incoming ORDER BY {', '.join(table.key)}")
                connection.unregister("incoming")
        for name, frame in ledger.items():
            if name.startswith("int_"):
                connection.register("incoming", frame)
                do(connection, f"CREATE TABLE {name} AS SELECT * FROM incoming")
                connection.unregister("incoming")
                rows[name] = frame.height
        do(connection, "CHECKPOINT")
    finally:
        connection.close()
    check_rows(path, rows)
    sync(path)
    return seal(path)
