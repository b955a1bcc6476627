"""An Excel workbook of typed cells: the rows on the first sheet, what they mean on the second, what they are of on the last. Row by row, never held whole."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from dashboard.exports.dialects import DECIMALS, FORMULA_START

MOST_ROWS = 1_048_575  # of an Excel sheet, below its header
MOST_LETTERS = 32_767  # of an Excel cell, in UTF-16
_HELD_ROWS = 20_000  # above it a finished row goes to disk at once
_WIDEST = 60
_SAMPLE = 500  # rows the widths are read from
_DEFINITION_WIDTHS, _ABOUT_WIDTHS = (28, 38, 70, 16, 40), (34, 110)
_DAY, _MOMENT = "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"
_STARTS = re.compile(FORMULA_START)


@dataclass(frozen=True)
class Column:
    """One column: its DuckDB type says what its cells are, `shows` how a number looks (an Excel number format, empty for the plain one)."""

    name: str
    kind: str
    shows: str = ""

    @property
    def format(self) -> str:
        return _DAY if self.kind == "DATE" else _MOMENT if self.kind.startswith("TIMESTAMP") else self.shows


def write(path: Path, sheet: str, columns: Sequence[Column], batches: Iterable[pa.RecordBatch], rows: int, beside: Mapping[str, tuple[Sequence[tuple[str, ...]], bool]]) -> Path:
    """Write `rows` rows under a header of column names, then the sheets `beside`: name -> (lines, whether the first is a header).

    Texts are texts, never formulas, also after they are edited; null is an empty cell; Excel knows no time zone, so that instants stay UTC.
    The same rows give the same bytes.
    """
    how = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(path, how | ({"in_memory": True} if rows <= _HELD_ROWS else {"constant_memory": True, "tmpdir": str(path.parent)}))
    book.set_properties({"created": dt.datetime(2000, 1, 1)})
    head, text = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1}), book.add_format({"quote_prefix": True})
    shown = {pattern: book.add_format({"num_format": pattern}) for pattern in dict.fromkeys(column.format for column in columns) if pattern}
    page = book.add_worksheet(sheet[:31])
    page.freeze_panes(1, 0)
    at = 1
    for number, batch in enumerate(batches):
        values = [batch.column(index).to_pylist() for index in range(len(columns))]
        if not number:
            _begin(page, columns, values, head)
        for row in zip(*values, strict=True):
            for index, value in enumerate(row):
                if value is not None:
                    _cell(page, at, index, value, shown.get(columns[index].format), text)
            at += 1
    if at == 1:
        _begin(page, columns, [[] for _ in columns], head)
    else:
        page.autofilter(0, 0, at - 1, len(columns) - 1)
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    for name, (lines, has_header) in beside.items():
        _lines(book.add_worksheet(name[:31]), lines, _DEFINITION_WIDTHS if has_header else _ABOUT_WIDTHS, head if has_header else wrapped, wrapped)
    book.close()
    return path


def _begin(page: Worksheet, columns: Sequence[Column], values: Sequence[Sequence[object]], head: Format) -> None:
    """Widths from the first rows, and the header: both stand before the rows in a sheet that is not held."""
    for index, column in enumerate(columns):
        letters = max((len(str(value)) for value in values[index][:_SAMPLE] if value is not None), default=0) if column.kind == "VARCHAR" else 19 if column.kind.startswith("TIMESTAMP") else 11
        page.set_column(index, index, min(_WIDEST, max(len(column.name) * 0.7, 8.0, letters * 1.05)))
    for index, column in enumerate(columns):
        page.write_string(0, index, column.name, head)


def _cell(page: Worksheet, row: int, column: int, value: object, shows: Format | None, text: Format) -> None:
    if isinstance(value, bool):
        page.write_boolean(row, column, value)
    elif isinstance(value, (int, float)):
        if math.isfinite(value):
            page.write_number(row, column, round(value, DECIMALS), shows)
    elif isinstance(value, dt.datetime):
        page.write_datetime(row, column, value, shows)
    elif isinstance(value, dt.date):
        page.write_datetime(row, column, dt.datetime.combine(value, dt.time()), shows)
    else:
        page.write_string(row, column, _fitting(str(value)), text if _STARTS.match(str(value)) else None)


def _fitting(value: str) -> str:
    """The text, or as much as a cell holds of it and a word on the rest: what is longer would be left out whole."""
    if len(value) <= MOST_LETTERS // 2 or len(value.encode("utf-16-le")) <= 2 * MOST_LETTERS:
        return value
    return f"{value[: MOST_LETTERS // 2 - 40]} … [{len(value)}]"


def _lines(page: Worksheet, lines: Sequence[tuple[str, ...]], widths: Sequence[float], first: Format, rest: Format) -> None:
    for column, width in enumerate(widths):
        page.set_column(column, column, width)
    for row, line in enumerate(lines):
        for column, value in enumerate(line):
            page.write_string(row, column, _fitting(value), rest if row else first)
