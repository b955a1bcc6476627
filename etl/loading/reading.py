"""Files -> checked rows: recognise them, read them, judge them, and say of each what the ledger keeps. Nothing that is wrong with a file is raised here.

Small files of one mapping are judged together; a large one goes to the lake stretch by stretch, and is taken back whole when a
later stretch refuses it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from etl import quarantine
from etl.contracts.facts import DQ_REJECTS
from etl.contracts.reference import Site
from etl.errors import InputError
from etl.identities import Identities
from etl.lake import NO_DAY, Lake
from etl.loading.together import OWNER, Judged, One, Stack, judged, stacked
from etl.settings import Settings
from etl.sources import Mapping, chunks, load_mappings, match, refusal
from etl.validate import Checked, check, check_file

LARGE_BYTES = 192 << 20  # a larger file is appended stretch by stretch
OUT_OF_ORDER = dt.timedelta(minutes=5)  # logs write a line when a lane finishes: neighbours may swap by a little
_ALLOWED = f"-{int(OUT_OF_ORDER.total_seconds())}s"
UNORDERED_SOURCES = ("tracking", "means", "manifests")  # trackers deliver truck by truck, means by place, manifests ship by ship


@dataclass(frozen=True)
class Read:
    """Files after reading: their rows of INT_FILES by file id, and by table the rows they brought, unless these went to the lake already."""

    rows: dict[str, dict]
    frames: tuple[tuple[str, pl.DataFrame], ...] = ()

    def __or__(self, other: Read) -> Read:
        return Read(self.rows | other.rows, self.frames + other.frames)


@dataclass(frozen=True)
class Reader:
    """Everything reading needs to know of the installation."""

    settings: Settings
    site: Site
    identities: Identities
    mappings: tuple[Mapping, ...]
    references_digest: str

    @classmethod
    def of(cls, settings: Settings, site: Site, identities: Identities) -> Reader:
        lists = "|".join(f"{name}:{','.join(sorted(codes))}" for name, codes in sorted(site.references.items()))
        dated = "".join(site.tables[name].write_csv() for name in ("dim_gates", "dim_lanes"))
        return cls(settings, site, identities, load_mappings(site.mappings), hashlib.sha256((lists + dated).encode()).hexdigest())

    def digest(self, mapping: Mapping | None) -> str:
        """Return the digest of what decides how a file is judged: its mapping and the site's reference lists."""
        text = mapping.path.read_bytes() if mapping else b"".join(each.path.read_bytes() for each in self.mappings)
        return hashlib.sha256(text + self.references_digest.encode()).hexdigest()[:16]

    # -- one file, or many small ones of a mapping ---------------------------------------------------------------------

    def read(self, path: Path, name_id: str, lake: Lake | None = None) -> Read:
        """Read and check one file. Never raises for what is wrong with the file: that becomes its status and message."""
        row, mapping = self._row(path, name_id), None
        try:
            mapping = self._mapping(path)
            row |= self._about(path, mapping)
            if lake is not None and row["bytes_n"] > LARGE_BYTES and row["file_on"] is not None:
                return Read({name_id: self._read_large(path, mapping, row, lake)})
            checked = check_file(path, mapping, self.site, self.identities, name_id)
        except InputError as error:
            return self._refused(row, mapping, error)
        return self._judged(row, mapping, checked)

    def read_together(self, paths: list[tuple[Path, str]], mapping: Mapping) -> Read:
        """Read small files of one mapping side by side: the same answers as `read`, for a fraction of the calls."""
        found, dated = Read({}), []
        for path, name_id in paths:
            try:
                on = mapping.date_of(path.name)
            except InputError:
                continue
            if on is not None:
                dated.append(One(path, name_id, on))
        for stack in stacked(dated, mapping):
            try:
                found |= self._judged_together(stack, mapping, judged(stack, mapping, self.site, self.identities))
            except InputError:
                continue
        for path, name_id in paths:
            if name_id not in found.rows:  # whatever was wrong with it, or with another of its stack
                found |= self.read(path, name_id)
        return found

    def _row(self, path: Path, name_id: str) -> dict:
        return {"port_code": self.site.port_code, "file_id": name_id, "file_name": path.name, "bytes_n": path.stat().st_size, "status_code": "refused", "key_id": self.identities.key_id}

    def _mapping(self, path: Path) -> Mapping:
        mapping = match(path, self.mappings)
        if mapping is None:
            raise refusal(path, self.mappings)
        return mapping

    def fitting(self, path: Path) -> Mapping | None:
        """Return the one mapping that fits the file's name, or None."""
        try:
            return match(path, self.mappings)
        except InputError:
            return None

    def _about(self, path: Path, mapping: Mapping) -> dict:
        return {"source_code": mapping.source.name, "mapping_name": mapping.name, "file_on": mapping.date_of(path.name)}

    def _refused(self, row: dict, mapping: Mapping | None, error: InputError) -> Read:
        return Read({row["file_id"]: {**row, "mapping_digest": self.digest(mapping), "message": str(error)}})

    def _judged(self, row: dict, mapping: Mapping, checked: Checked) -> Read:
        quarantine.keep_rejects(self.settings.quarantine, self.site.port_code, row["file_id"], checked.reject_bytes)
        row = row | self._outcome(checked, mapping) | {"file_on": checked.file_on}
        return Read({row["file_id"]: row}, ((mapping.source.table.name, checked.good), ("dq_rejects", self._rejects(checked.rejects, row))))

    def _judged_together(self, stack: Stack, mapping: Mapping, found: Judged) -> Read:
        """What `_judged` says of each file of a stack."""
        kept = found.reject_bytes.partition_by(OWNER, as_dict=True, include_key=False)
        seen = {row[OWNER]: row for row in _seen(found.good, mapping).iter_rows(named=True)}
        digest, rows = self.digest(mapping), []
        for owner, (one, read_n) in enumerate(zip(stack.files, found.read_n, strict=True)):
            raw = kept.get((owner,))
            quarantine.keep_rejects(self.settings.quarantine, self.site.port_code, one.file_id, raw)
            about = seen.get(owner, {})
            rows.append(self._row(one.path, one.file_id) | self._about(one.path, mapping) | {
                "status_code": "loaded", "mapping_digest": digest, "read_n": read_n, "staged_n": about.get("staged_n", 0), "rejected_n": 0 if raw is None else raw.height,
                "first_event_at": about.get("first_event_at"), "last_event_at": about.get("last_event_at"), "out_of_order_n": about.get("out_of_order_n", 0),
            })  # fmt: skip
        rejects = found.rejects.drop(OWNER)
        if not rejects.is_empty():
            by_file = pl.DataFrame(rows).select("port_code", "file_id", "file_name", "source_code", pl.col("file_on").alias("day"))
            rejects = pl.concat([rejects, by_file[found.rejects[OWNER]]], how="horizontal")
        return Read({row["file_id"]: row for row in rows}, ((mapping.source.table.name, found.good.drop(OWNER)), ("dq_rejects", DQ_REJECTS.conform(rejects) if rejects.height else DQ_REJECTS.empty())))

    def _outcome(self, checked: Checked, mapping: Mapping, newest: dt.datetime | None = None) -> dict:
        at = checked.good[_instant_column(mapping, checked.good)].cast(pl.Datetime("us"))
        return {
            "status_code": "loaded", "mapping_digest": self.digest(mapping), "read_n": checked.read_n, "staged_n": checked.good.height,
            "rejected_n": checked.rejects.height, "first_event_at": at.min(), "last_event_at": at.max(), "out_of_order_n": _out_of_order(at, mapping, newest),
        }  # fmt: skip

    def _rejects(self, rejects: pl.DataFrame, row: dict) -> pl.DataFrame:
        return DQ_REJECTS.conform(
            rejects.with_columns(
                pl.lit(row["port_code"]).alias("port_code"), pl.lit(row["file_id"]).alias("file_id"), pl.lit(row["file_name"]).alias("file_name"),
                pl.lit(row["source_code"]).alias("source_code"), pl.lit(row["file_on"] or NO_DAY, dtype=pl.Date).alias("day"),
            )
        )  # fmt: skip

    def _read_large(self, path: Path, mapping: Mapping, row: dict, lake: Lake) -> dict:
        """Append a file to the lake in stretches of bounded memory; take all of it back when a later stretch refuses it."""
        lake.flush()
        mark = lake.mark()
        total: dict = {}
        kept_bytes = []
        try:
            for raw in chunks(path, mapping):
                checked = check(raw, mapping, self.site, self.identities, path.name, row["file_id"], row["file_on"])
                lake.append(mapping.source.table.name, checked.good)
                lake.append("dq_rejects", self._rejects(checked.rejects, row))
                lake.flush()
                kept_bytes.append(checked.reject_bytes)
                total = _sum(total, self._outcome(checked, mapping, total.get("last_event_at")))
        except InputError:
            lake.rollback(mark)
            raise
        quarantine.keep_rejects(self.settings.quarantine, self.site.port_code, row["file_id"], pl.concat(kept_bytes))
        return row | total


def _sum(total: dict, part: dict) -> dict:
    if not total:
        return part
    added = {name: total[name] + part[name] for name in ("read_n", "staged_n", "rejected_n", "out_of_order_n")}
    seen = {name: pick(at for at in (total[name], part[name]) if at is not None) if total[name] or part[name] else None for name, pick in (("first_event_at", min), ("last_event_at", max))}
    return part | added | seen


def _instant_column(mapping: Mapping, good: pl.DataFrame) -> str:
    """The column that says when a row happened: the table's day column, or its instant where that is a date and instants are known."""
    day = mapping.source.table.day
    return "event_at" if day == "event_on" and good["event_at"].null_count() < good.height else day


def _out_of_order(at: pl.Series, mapping: Mapping, newest: dt.datetime | None) -> int:
    """Count the rows older than one before them, `newest` being the newest of the stretches before."""
    if not _is_ordered(mapping):
        return 0
    before = pl.concat([pl.Series([newest], dtype=pl.Datetime("us")), at]).cum_max().head(len(at))
    return int((at < before.dt.offset_by(_ALLOWED)).sum())


def _seen(good: pl.DataFrame, mapping: Mapping) -> pl.DataFrame:
    """What `_outcome` finds in the rows of each file of a stack that has any. One row a file."""
    day = mapping.source.table.day
    at = pl.col(day).cast(pl.Datetime("us"))
    if day == "event_on":
        at = pl.when(pl.col("event_at").is_not_null().any().over(OWNER)).then("event_at").otherwise(at)
    early = (pl.col("at") < pl.col("at").cum_max().shift(1).dt.offset_by(_ALLOWED)).sum() if _is_ordered(mapping) else pl.lit(0)
    return good.select(OWNER, at.alias("at")).group_by(OWNER).agg(
        pl.len().alias("staged_n"), pl.col("at").min().alias("first_event_at"), pl.col("at").max().alias("last_event_at"), early.alias("out_of_order_n"),
    )  # fmt: skip


def _is_ordered(mapping: Mapping) -> bool:
    return mapping.source.name not in UNORDERED_SOURCES and mapping.format != "parquet"
