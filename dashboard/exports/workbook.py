"""An Excel workbook of a table of figures: the figures on the first sheet, what they mean on the second. Row lists are CSV only: a sheet ends at a million rows."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Sequence
from pathlib import Path

import polars as pl
import xlsxwriter

from dashboard.exports.dialects import DECIMALS

_WIDEST = 60
_WIDTHS = (28, 38, 70, 16, 40)  # code, name, definition, unit, standard


def write(
    path: Path, table: pl.DataFrame, sheet: str, facts: Sequence[tuple[str, str]], meanings: Sequence[tuple[str, ...]], about_sheet: str, shares: Collection[str] = ()
) -> Path:  # fmt: skip
    """Write `table` with its column names as header, then `facts` (what, value) and under them `meanings`, a table whose first row is its header.

    Columns of `shares` hold 0 to 1 and show as percent. Texts are texts, never formulas; null is an empty cell. Instants are written as ISO text: Excel knows no time zone. The same table gives the same bytes.
    """
    book = xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True})
    book.set_properties({"created": dt.datetime(2000, 1, 1)})
    head, day = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1}), book.add_format({"num_format": "yyyy-mm-dd"})
    percent, wrapped = book.add_format({"num_format": "0.0%"}), book.add_format({"text_wrap": True, "valign": "top"})
    page = book.add_worksheet(sheet[:31])
    page.freeze_panes(1, 0)
    for column, name in enumerate(table.columns):
        texts = [str(value) for value in table[name].head(500).drop_nulls()]
        page.set_column(column, column, min(_WIDEST, max([len(name) * 0.7, 8.0, *(len(text) * 1.05 for text in texts)])) if table.schema[name] == pl.String else 13)
        page.write_string(0, column, name, head)
        for row, value in enumerate(table[name], start=1):
            _cell(page, row, column, value, day, percent if name in shares else None)
    if table.height:
        page.autofilter(0, 0, table.height, table.width - 1)
    lines = book.add_worksheet(about_sheet[:31])
    for column, width in enumerate(_WIDTHS):
        lines.set_column(column, column, width)
    for row, (what, said) in enumerate(facts):
        lines.write_string(row, 0, what, wrapped)
        lines.write_string(row, 1, said)
    for row, line in enumerate(meanings, start=len(facts) + 1):
        for column, text in enumerate(line):
            lines.write_string(row, column, text, wrapped if row > len(facts) + 1 else head)
    book.close()
    return path


def _cell(page: xlsxwriter.worksheet.Worksheet, row: int, column: int, value: object, day: object, percent: object = None) -> None:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return
    if isinstance(value, bool):
        page.write_boolean(row, column, value)
    elif isinstance(value, (int, float)):
        page.write_number(row, column, round(value, DECIMALS), percent)
    elif isinstance(value, dt.datetime):
        page.write_string(row, column, value.isoformat(sep="T", timespec="seconds"))
    elif isinstance(value, dt.date):
        page.write_datetime(row, column, dt.datetime.combine(value, dt.time()), day)
    else:
        page.write_string(row, column, str(value))
