"""One file -> checked rows: recognise it, read it, judge it, and say of it what the ledger keeps. Nothing that is wrong with a file is raised here.

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
from etl.loading.together import One, check_together
from etl.settings import Settings
from etl.sources import Mapping, chunks, load_mappings, match, refusal
from etl.validate import Checked, check, check_file

LARGE_BYTES = 192 << 20  # a larger file is appended stretch by stretch
OUT_OF_ORDER = dt.timedelta(minutes=5)  # logs write a line when a lane finishes: neighbours may swap by a little
UNORDERED_SOURCES = ("tracking", "means", "manifests")  # trackers deliver truck by truck, means by place, manifests ship by ship


@dataclass(frozen=True)
class Read:
    """One file after reading: its row of INT_FILES, and its frames unless they went to the lake already."""

    row: dict
    good: pl.DataFrame | None = None
    rejects: pl.DataFrame | None = None
    table: str | None = None


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
                return Read(self._read_large(path, mapping, row, lake))
            checked = check_file(path, mapping, self.site, self.identities, name_id)
        except InputError as error:
            return self._refused(row, mapping, error)
        return self._judged(row, mapping, checked)

    def read_together(self, paths: list[tuple[Path, str]], mapping: Mapping) -> list[Read]:
        """Read small files of one mapping side by side: the same answers as `read`, for a fraction of the calls."""
        found: dict[str, Read] = {}
        alike: dict[tuple, list[tuple[dict, One]]] = {}
        for path, name_id in paths:
            row = self._row(path, name_id)
            try:
                row |= self._about(path, mapping)
                raws = list(chunks(path, mapping))
            except InputError as error:
                found[name_id] = self._refused(row, mapping, error)
                continue
            if len(raws) == 1 and row["file_on"] is not None:
                alike.setdefault(tuple(raws[0].frame.schema.items()), []).append((row, One(name_id, row["file_on"], raws[0])))
        for group in alike.values():
            try:
                judged = check_together([one for _, one in group], mapping, self.site, self.identities)
            except InputError:
                continue  # whichever it was: one by one below
            found |= {row["file_id"]: self._judged(row, mapping, checked) for (row, _), checked in zip(group, judged, strict=True)}
        return [found.get(name_id) or self.read(path, name_id) for path, name_id in paths]

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
        return Read({**row, "mapping_digest": self.digest(mapping), "message": str(error)})

    def _judged(self, row: dict, mapping: Mapping, checked: Checked) -> Read:
        quarantine.keep_rejects(self.settings.quarantine, self.site.port_code, row["file_id"], checked.reject_bytes)
        row = row | self._outcome(checked, mapping) | {"file_on": checked.file_on}
        return Read(row, checked.good, self._rejects(checked.rejects, row), mapping.source.table.name)

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
    if mapping.source.name in UNORDERED_SOURCES or mapping.format == "parquet":
        return 0
    before = pl.concat([pl.Series([newest], dtype=pl.Datetime("us")), at]).cum_max().head(len(at))
    return int((at < before.dt.offset_by(f"-{int(OUT_OF_ORDER.total_seconds())}s")).sum())
