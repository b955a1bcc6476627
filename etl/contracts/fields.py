"""The smallest words of the house: a Field of a table, a CodeList, a Rule. Frozen, and refused at import when wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from etl.errors import DeclarationError

Kind = Literal["text", "code", "int", "float", "bool", "instant", "local", "date", "identity", "list"]

POLARS_TYPES: dict[str, pl.DataType] = {
    "text": pl.String(), "code": pl.String(), "int": pl.Int64(), "float": pl.Float64(), "bool": pl.Boolean(),
    "instant": pl.Datetime("us"), "local": pl.Datetime("us"), "date": pl.Date(), "identity": pl.String(), "list": pl.List(pl.String()),
}  # fmt: skip
DUCKDB_TYPES: dict[str, str] = {
    "text": "VARCHAR", "code": "VARCHAR", "int": "BIGINT", "float": "DOUBLE", "bool": "BOOLEAN",
    "instant": "TIMESTAMP", "local": "TIMESTAMP", "date": "DATE", "identity": "VARCHAR", "list": "VARCHAR[]",
}  # fmt: skip
UNITS = {"_min": "min", "_kg": "kg", "_kmh": "km/h", "_deg": "degree", "_mad": "MAD", "_m": "m"}


@dataclass(frozen=True)
class CodeList:
    """A closed list of codes with the English words a reader sees. An unknown code is rejected, never guessed.

    `fixes` maps spellings seen in the field to a code; `ignored` spellings become null.
    """

    name: str
    codes: dict[str, str]
    fixes: tuple[tuple[str, str], ...] = ()
    ignored: tuple[str, ...] = ("", "-", "NULL", "N/A", "n/a")

    def __post_init__(self) -> None:
        for seen, code in self.fixes:
            if code not in self.codes:
                raise DeclarationError(f"code list {self.name}", f"the fix '{seen}' leads to '{code}', which is no code", ", ".join(self.codes))


@dataclass(frozen=True)
class Field:
    """One column: its name, kind, what it means, and for codes the list it is checked against.

    `identity` fields hold keyed pseudonyms (`plate_key`); a source delivers the raw value under `reads` and the raw value
    is never stored. `reference` names a reference list of the site (gates, lanes, zones...) the value must be found in.
    """

    name: str
    kind: Kind
    about: str
    required: bool = False
    codes: CodeList | None = None
    reference: str | None = None
    reads: str | None = None

    def __post_init__(self) -> None:
        if (self.kind == "code") != (self.codes is not None or self.reference is not None):
            raise DeclarationError(f"field {self.name}", "a code needs exactly a code list or a reference list, and nothing else may have one")
        if self.kind == "instant" and not self.name.endswith("_at"):
            raise DeclarationError(f"field {self.name}", "an instant's name ends in _at")
        if self.kind == "local" and not self.name.endswith("_local_at"):
            raise DeclarationError(f"field {self.name}", "a local time's name ends in _local_at")
        if self.kind == "identity" and not (self.name.endswith("_key") and self.reads):
            raise DeclarationError(f"field {self.name}", "an identity's name ends in _key and says which raw value it reads")

    @property
    def source_name(self) -> str:
        """The name a site mapping gives this field in: the raw name for an identity, the own name otherwise."""
        return self.reads or self.name

    @property
    def unit(self) -> str:
        return next((unit for suffix, unit in UNITS.items() if self.name.endswith(suffix)), "")


@dataclass(frozen=True)
class Rule:
    """A check on a typed row: rows where `expr` is true are rejected with `sentence` (null counts as passed)."""

    code: str
    sentence: str
    expr: pl.Expr


@dataclass(frozen=True)
class Table:
    """One table: its grain in one sentence, its key, its fields and, for staged tables, the rules a row must pass.

    `day` names the instant or date column that decides which day partition a row belongs to.
    `key` of a staged table decides what is a duplicate: among rows of one key the greater (file date, row digest) wins.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    fields: tuple[Field, ...]
    day: str | None = None
    rules: tuple[Rule, ...] = ()

    def __post_init__(self) -> None:
        names = self.columns
        if len(set(names)) != len(names):
            raise DeclarationError(f"table {self.name}", "a column is declared twice")
        for column in (*self.key, *((self.day,) if self.day else ())):
            if column not in names:
                raise DeclarationError(f"table {self.name}", f"key or day column '{column}' is not declared", ", ".join(names))

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Column name to Polars type, in declared order. Instants and local times are naive microseconds."""
        return {field.name: POLARS_TYPES[field.kind] for field in self.fields}

    def field(self, name: str) -> Field:
        return next(field for field in self.fields if field.name == name)

    def ddl(self, place: str = "") -> str:
        """Return the DuckDB CREATE TABLE statement; `place` is put before the name, as `segment.`."""
        body = ", ".join(f'"{field.name}" {DUCKDB_TYPES[field.kind]}' for field in self.fields)
        return f"CREATE TABLE {place}{self.name} ({body})"

    def empty(self) -> pl.DataFrame:
        return pl.DataFrame(schema=self.schema)

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return `frame` with exactly the declared columns, in order and type; undeclared ones are dropped, absent ones null.

        Raises DeclarationError when a required column is absent.
        """
        missing = [field.name for field in self.fields if field.required and field.name not in frame.columns]
        if missing:
            raise DeclarationError(f"table {self.name}", f"the frame lacks {', '.join(missing)}")
        return frame.select(
            (pl.col(name).cast(dtype) if name in frame.columns else pl.lit(None, dtype=dtype)).alias(name) for name, dtype in self.schema.items()
        )
