"""How a CSV is spelled: separator and decimal mark, and the SQL that writes every kind of column. Text in, SQL text out.

Always UTF-8 with BOM (Excel reads it as such), a header of column codes, ISO dates, ISO instants with their offset, empty for "no data".
Whatever a log or a site file holds, a file harms nobody: hidden characters are written out (\\u202e), and what a spreadsheet would run is text.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dashboard.format import HIDDEN
from dashboard.i18n import N_
from etl import clock
from etl.errors import DeclarationError

BOM = b"\xef\xbb\xbf"
DECIMALS = 6
# A text a spreadsheet would run as a formula gets an apostrophe in front. A plain number, signed or with either decimal mark, is none.
FORMULA_START = "^ *[=+@\\t\\r\\n\\-\uff1d\uff0b\uff0d\uff20]"
PLAIN_NUMBER = "^ *[+-]?[0-9]+([.,][0-9]+)?([eE][+-]?[0-9]+)? *$"
WHOLE = ("HUGEINT", "UHUGEINT", "UBIGINT")  # sums of counts, which 64 bits hold
HIDDEN_CLASS = "[" + "".join(f"\\x{{{first:x}}}-\\x{{{last:x}}}" for first, last in HIDDEN) + "]"


@dataclass(frozen=True)
class Dialect:
    code: str
    label: str
    separator: str
    decimal: str

    def __post_init__(self) -> None:
        if self.separator == self.decimal:
            raise DeclarationError(f"dialect {self.code}", "separator and decimal mark are the same")


DIALECTS: dict[str, Dialect] = {
    each.code: each
    for each in (
        Dialect("comma", N_("Comma, decimal point (1,234.5 as 1234.5)"), ",", "."),
        Dialect("semicolon", N_("Semicolon, decimal comma (French Excel)"), ";", ","),
        Dialect("semicolon_point", N_("Semicolon, decimal point"), ";", "."),
    )
}


def shown(column: str) -> str:
    """SQL of a text column with its hidden characters written out as \\u and four digits."""
    letter = f"CASE WHEN regexp_matches(letter, '{HIDDEN_CLASS}') THEN printf('\\u%04x', unicode(letter)) ELSE letter END"
    return f"CASE WHEN regexp_matches({column}, '{HIDDEN_CLASS}') THEN array_to_string(list_transform(string_split({column}, ''), lambda letter: {letter}), '') ELSE {column} END"


def guarded(column: str) -> str:
    """SQL of a text column in which nothing can be run as a formula and nothing is hidden; `-5.00` stays what it is."""
    # One look at most texts: only what may be a formula, or holds something hidden, is looked at again.
    mark = f"CASE WHEN regexp_matches({column}, '{FORMULA_START}') AND NOT regexp_matches({column}, '{PLAIN_NUMBER}') THEN chr(39) ELSE '' END"
    return f"CASE WHEN regexp_matches({column}, '{FORMULA_START}|{HIDDEN_CLASS}') THEN {mark} || ({shown(column)}) ELSE {column} END"


def number(column: str, decimal: str) -> str:
    """SQL of a floating number without exponent, at most DECIMALS decimals, no trailing zeros; not a number and infinite are empty."""
    def plain(text: str) -> str:
        text = f"rtrim(rtrim({text}, '0'), '.')"
        return f"replace({text}, '.', ',')" if decimal == "," else text

    # By a decimal type: a third of the time of printf, which stays for what is too large for one.
    usual, large = plain(f"CAST(CAST({column} AS DECIMAL(18, {DECIMALS})) AS VARCHAR)"), plain(f"printf('%.{DECIMALS}f', {column})")
    return f"CASE WHEN abs({column}) < 1e11 THEN {usual} WHEN isfinite({column}) THEN {large} END"


def instant(column: str, zone: str, around: tuple[dt.date, dt.date]) -> str:
    """SQL of a UTC instant as local ISO text with its offset. The offsets come from etl.clock, those within `around` and two years either side."""
    first, last = (dt.datetime.combine(day, dt.time()) for day in around)
    rows = clock.transitions(zone)
    low = max((index for index, (at, _) in enumerate(rows) if at <= first - dt.timedelta(days=730)), default=0)
    used = [row for row in rows[low:] if row[0] <= last + dt.timedelta(days=730)] or [rows[low]]
    def chosen(worded: Callable[[int], str]) -> str:
        cases = " ".join(f"WHEN {column} >= TIMESTAMP '{at:%Y-%m-%d %H:%M:%S}' THEN {worded(minutes)}" for at, minutes in reversed(used[1:]))
        return f"(CASE {cases} ELSE {worded(used[0][1])} END)" if cases else worded(used[0][1])

    shift = chosen(lambda minutes: f"to_minutes({minutes})")
    offset = chosen(lambda minutes: f"'{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}'")
    return f"strftime({column} + {shift}, '%Y-%m-%dT%H:%M:%S') || {offset}"


def column_sql(name: str, kind: str, dialect: Dialect, zone: str, around: tuple[dt.date, dt.date]) -> str:
    """SQL of one column as it stands in the file. `kind` is its DuckDB type."""
    quoted = '"' + name.replace('"', '""') + '"'
    if kind.endswith("[]"):
        kind, quoted_text = "VARCHAR", f"array_to_string({quoted}, ' ')"
        return f"{guarded(quoted_text)} AS {quoted}"
    if kind.startswith("TIMESTAMP"):
        local = name.endswith("_local_at") or not name.endswith("_at")
        text = f"strftime({quoted}, '%Y-%m-%dT%H:%M:%S')" if local else instant(quoted, zone, around)
        return f"{text} AS {quoted}"
    if kind in ("DOUBLE", "FLOAT") or kind.startswith("DECIMAL"):
        return f"{number(f'CAST({quoted} AS DOUBLE)', dialect.decimal)} AS {quoted}"
    if kind == "VARCHAR":
        return f"{guarded(quoted)} AS {quoted}"
    return quoted


def written(columns: Sequence[tuple[str, str]]) -> list[str]:
    """Names of the columns that go into the file."""
    names = [name for name, _ in columns]
    return [name for name in names if not (name.endswith("_local_at") and name.replace("_local_at", "_at") in names)]


def file_sql(sql: str, columns: Sequence[tuple[str, str]], dialect: Dialect, zone: str, around: tuple[dt.date, dt.date]) -> str:
    """Wrap a query so that its columns are spelled for the file. A local time whose UTC instant is there too is left out: the offset says both."""
    kept = set(written(columns))
    return f"SELECT {', '.join(column_sql(name, kind, dialect, zone, around) for name, kind in columns if name in kept)} FROM ({sql})"


def typed_sql(sql: str, columns: Sequence[tuple[str, str]]) -> str:
    """Wrap a query so that its columns keep their types, for Parquet and workbooks: sums as 64-bit integers, decimals as doubles, texts with nothing hidden."""
    return f"SELECT {', '.join(_typed(name, kind) for name, kind in columns)} FROM ({sql})"


def _typed(name: str, kind: str) -> str:
    quoted = '"' + name.replace('"', '""') + '"'
    if kind.endswith("[]"):
        joined = f"array_to_string({quoted}, ' ')"
        return f"{shown(joined)} AS {quoted}"
    if kind == "VARCHAR":
        return f"{shown(quoted)} AS {quoted}"
    if kind in WHOLE or (kind.startswith("DECIMAL") and kind.endswith(",0)")):
        return f"CAST({quoted} AS BIGINT) AS {quoted}"
    return f"CAST({quoted} AS DOUBLE) AS {quoted}" if kind == "FLOAT" or kind.startswith("DECIMAL") else quoted


def copy_options(dialect: Dialect, *, header: bool = True) -> str:
    return f"FORMAT csv, HEADER {str(header).lower()}, DELIMITER '{dialect.separator}', QUOTE '\"', ESCAPE '\"', NULL ''"
