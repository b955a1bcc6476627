"""The check of one file against its contract: `check` for raw rows in hand, `check_file` for a path of any size."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import polars as pl

from etl import clock
from etl.contracts.fields import Field
from etl.contracts.reference import Site
from etl.contracts.staged import LINEAGE
from etl.errors import InputError
from etl.identities import Identities
from etl.quarantine import REJECT_BYTES_SCHEMA, masked_line
from etl.sources import Mapping, RawRows, chunks
from etl.sources import file_id as id_of
from etl.sources.mapping import DERIVED
from etl.sources.raw import REASON_SCHEMA
from etl.validate import typed
from etl.validate.digest import row_digests
from etl.validate.typed import Typed

REJECT_SCHEMA = {"source_line": pl.Int64(), "reason_codes": pl.List(pl.String()), "reasons": pl.String(), "masked_line": pl.String()}
_DATED = {"gates": ("dim_gates", "gate_code"), "lanes": ("dim_lanes", "lane_code")}
_LINEAGE_NAMES = frozenset(item.name for item in LINEAGE)


@dataclass(frozen=True)
class Checked:
    """How the records of one file ended. read_n == good.height + rejects.height, always.

    good          exactly the staged table's columns
    rejects       REJECT_SCHEMA, one row a rejected record, ordered by line; holds no raw identity
    reject_bytes  source_line and raw bytes of the same records, for the quarantine only
    read_n, blank_n, header_n, continued_n, lines_n   as in RawRows
    """

    good: pl.DataFrame
    rejects: pl.DataFrame
    reject_bytes: pl.DataFrame
    read_n: int
    blank_n: int
    header_n: int
    continued_n: int
    lines_n: int
    file_on: dt.date | None

    def __post_init__(self) -> None:
        counted = self.read_n + self.blank_n + self.header_n + self.continued_n
        if self.good.height + self.rejects.height != self.read_n or counted != self.lines_n:
            found = f"{self.lines_n} lines, {self.read_n} records, {self.good.height} good and {self.rejects.height} rejected do not reconcile"
            raise InputError("the file", found, "", "It is refused whole; report it as a fault of the reader")


def check_file(path: Path, mapping: Mapping, site: Site, identities: Identities, file_id: str | None = None) -> Checked:
    """Read and check a file in stretches of bounded memory. Raises InputError when it is refused whole."""
    file_id, file_on = file_id or id_of(path), mapping.date_of(path.name)
    parts: Iterator[Checked] = (check(raw, mapping, site, identities, path.name, file_id, file_on) for raw in chunks(path, mapping))
    return _joined(list(parts), mapping, site, file_on)


def check(
    raw: RawRows, mapping: Mapping, site: Site, identities: Identities, file_name: str = "", file_id: str = "", file_on: dt.date | None = None
) -> Checked:
    """Type and judge raw rows. `file_on` None means: the local date of the newest event."""
    table, lines = mapping.source.table, raw.frame["source_line"]
    columns, reasons, flags = _typed_columns(raw.frame, mapping, site, identities)
    values = pl.DataFrame([lines, *(column.values.alias(name) for name, column in columns.items())])
    day = _local_day(values, table.day, site) if any(item.reference in _DATED for item in mapping.source.fields) else None
    for item in mapping.source.fields:
        column = columns.get(item.name)
        if item.required and column is not None and not column.is_given.all():
            sentence = f"{item.source_name} is missing. Every {mapping.source.name} line needs it"
            reasons.append(typed.reasons_of(lines, column.values, ~column.is_given, "missing_value", lambda _, sentence=sentence: sentence))
        if column is not None and item.reference in _DATED:
            reasons += _not_valid_then(item, values[item.name], day, lines, site)
    whole = values.with_columns(pl.lit(None, dtype=item_type).alias(name) for name, item_type in table.schema.items() if name not in values.columns)
    for rule in table.rules:
        is_bad = whole.select(rule.expr.fill_null(False).alias("_bad"))["_bad"]
        if flags is not None and any(table.schema[name] == pl.Datetime("us") for name in rule.expr.meta.root_names()):
            is_bad &= flags == "ok"  # a truck weighed across a clock change seems to leave before it came; its row is good
        if is_bad.any():
            reasons.append(pl.DataFrame({"source_line": lines.filter(is_bad), "reason_code": "rule", "reason": rule.sentence}).cast(REASON_SCHEMA))
    found = pl.concat([raw.malformed, *reasons])
    rejects, reject_bytes = _rejects(found, raw, mapping)
    if found.height > raw.malformed.height:
        keep = ~lines.is_in(found["source_line"].unique().implode())
        whole = whole.filter(keep)
        flags = flags.filter(keep) if flags is not None else None
    own = [whole[item.name] for item in mapping.source.fields]
    # In one piece a column, as they come cut in different places: else the stretches of a file would be copied whole when they are put together.
    good = table.conform(
        whole.with_columns(
            pl.lit(site.port_code).alias("port_code"), pl.lit(file_id).alias("file_id"), pl.lit(file_on or _newest_day(whole, table.day, site), dtype=pl.Date).alias("file_on"),
            row_digests(own, whole.height), (pl.lit("ok") if flags is None else flags).alias("clock_flag"),
        )
    ).rechunk()  # fmt: skip
    try:
        return Checked(good, rejects, reject_bytes, raw.read_n, raw.blank_n, raw.header_n, raw.continued_n, raw.lines_n, file_on)
    except InputError as error:
        raise InputError(file_name or "the file", error.found, error.known, error.do) from error


def _typed_columns(frame: pl.DataFrame, mapping: Mapping, site: Site, identities: Identities) -> tuple[dict[str, Typed], list[pl.DataFrame], pl.Series | None]:
    """Type every mapped field. Returns the columns by contract name, the reasons of bad texts and the worst clock flag (None: all ok)."""
    lines, columns, flag = frame["source_line"], {}, None
    for item in mapping.source.fields:
        if item.source_name in frame.columns:
            columns[item.name] = _typed(item, frame[item.source_name], lines, mapping, site, identities)
    for name, origin in DERIVED.items():
        item = next((item for item in mapping.source.fields if item.name == name and item.kind == "date"), None)
        if item is not None and origin in columns:
            local = clock.to_local(columns[origin].values, site.zone_name).dt.date()
            own = columns.get(name)
            columns[name] = Typed(own.values.fill_null(local), own.is_given | columns[origin].is_given, own.reasons) if own else Typed(local, columns[origin].is_given)
    reasons = [reason for column in columns.values() for reason in column.reasons]
    for column in columns.values():
        if column.clock_flag is not None:
            flag = column.clock_flag if flag is None else flag.zip_with(column.clock_flag == "ok", column.clock_flag)
    return columns, reasons, flag


def _typed(item: Field, raw: pl.Series, lines: pl.Series, mapping: Mapping, site: Site, identities: Identities) -> Typed:
    if item.kind == "identity":
        return typed.identity(raw, item, identities)
    if item.kind == "code":
        return typed.code(raw, lines, item, mapping, site.references[item.reference] if item.reference else None)
    if item.kind == "instant":
        return typed.instant(raw, lines, item, mapping)
    if item.kind == "date":
        return typed.date(raw, lines, item, mapping, site.zone_name)
    if item.kind == "bool":
        return typed.boolean(raw, lines, item, mapping)
    if item.kind in ("float", "int"):
        return typed.number(raw, lines, item, mapping)
    return typed.text(raw)


def _newest_day(values: pl.DataFrame, name: str, site: Site) -> dt.date | None:
    """Return the local date of the newest event."""
    newest = _local_day(values.select(pl.col(name).max()), name, site)
    return newest[0] if newest is not None else None


def _local_day(values: pl.DataFrame, name: str, site: Site) -> pl.Series | None:
    if name not in values.columns:
        return None
    day = values[name]
    return day if day.dtype == pl.Date else clock.to_local(day, site.zone_name).dt.date()


def _not_valid_then(item: Field, codes: pl.Series, day: pl.Series | None, lines: pl.Series, site: Site) -> list[pl.DataFrame]:
    """Reject rows that use a gate or lane outside its periods of validity."""
    if day is None:
        return []
    name, key = _DATED[item.reference]
    found = []
    for code, periods in site.tables[name].group_by(key, maintain_order=True):
        spans = list(zip(periods["valid_from"], periods["valid_to"], strict=True))
        if (None, None) in spans:
            continue
        opens = [(pl.lit(True) if low is None else pl.col("day") >= low) & (pl.lit(True) if high is None else pl.col("day") <= high) for low, high in spans]
        is_open = reduce(lambda left, right: left | right, opens)
        is_bad = pl.DataFrame({"code": codes, "day": day}).select(((pl.col("code") == code[0]) & ~is_open).fill_null(False).alias("bad"))["bad"]
        if is_bad.any():
            known = ", ".join(f"{low or 'always'} to {high or 'today'}" for low, high in spans)
            found.append(
                typed.reasons_of(
                    lines, day, is_bad, "not_valid_then",
                    lambda on, code=code, known=known: f"{item.name} '{code[0]}' is not open to trucks on {on}. Known: {known}. Correct its dates in reference/{item.reference}.csv if it was",
                )
            )  # fmt: skip
    return found


def _rejects(found: pl.DataFrame, raw: RawRows, mapping: Mapping) -> tuple[pl.DataFrame, pl.DataFrame]:
    if found.is_empty():
        return pl.DataFrame(schema=REJECT_SCHEMA), pl.DataFrame(schema=REJECT_BYTES_SCHEMA)
    per_line = (
        found.group_by("source_line", maintain_order=True)
        .agg(pl.col("reason_code").unique(maintain_order=True).alias("reason_codes"), pl.col("reason").str.join("; ").alias("reasons"))
        .sort("source_line")
    )
    numbers = per_line["source_line"].to_list()
    records = raw.record(numbers)
    unsplit = set(raw.malformed["source_line"].to_list())
    masked = [masked_line(None if number in unsplit else raw.fields(record), record, mapping) for number, record in zip(numbers, records, strict=True)]
    rejects = per_line.with_columns(pl.Series("masked_line", masked, dtype=pl.String)).select(REJECT_SCHEMA.keys()).cast(REJECT_SCHEMA)
    return rejects, pl.DataFrame({"source_line": numbers, "raw": records}, schema=REJECT_BYTES_SCHEMA)


def _joined(parts: list[Checked], mapping: Mapping, site: Site, file_on: dt.date | None) -> Checked:
    """Put the stretches of one file together; without a date in the name the file is of its newest event's local date."""
    day = mapping.source.table.day
    if file_on is None:
        file_on = _newest_day(pl.concat([part.good.select(day) for part in parts]), day, site)
    # Before they are put together: a column cut in fewer places than its neighbours would have the whole file copied.
    good = pl.concat([part.good.with_columns(pl.lit(file_on, dtype=pl.Date).alias("file_on")) for part in parts])
    counts = {name: sum(getattr(part, name) for part in parts) for name in ("read_n", "blank_n", "header_n", "continued_n", "lines_n")}
    rejects, reject_bytes = pl.concat([part.rejects for part in parts]), pl.concat([part.reject_bytes for part in parts])
    return Checked(good, rejects, reject_bytes, file_on=file_on, **counts)
