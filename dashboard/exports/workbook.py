"""An Excel workbook of typed cells: the rows on the first sheet, what they mean on the second, what they are of on the last.

XlsxWriter makes the book with everything but the rows; DuckDB writes those as the sheet's XML, piece by piece, straight into the file: Python took
0.24 ms a row of visits and kept the other readers waiting.

    styles = frame(path, "Rows", columns, sample, rows=67_034, beside={...})
    fill(path, pieces, len(columns), rows=67_034)      # files that DuckDB wrote by rows_sql(sql, columns, styles, first_row) and COPY_OPTIONS
"""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from dashboard.exports.dialects import FORMULA_START, WHOLE, number

MOST_ROWS = 1_048_575  # of an Excel sheet, below its header
MOST_LETTERS = 32_767  # of an Excel cell, in UTF-16
# One column of XML a line, as it is: hidden characters were written out before, so that the separator is in none.
COPY_OPTIONS = "FORMAT csv, HEADER false, DELIMITER '\x01', QUOTE '', ESCAPE ''"
_SHEET = "xl/worksheets/sheet1.xml"
_WIDEST = 60
_DEFINITION_WIDTHS, _ABOUT_WIDTHS = (28, 38, 70, 16, 40), (34, 110)
_DAY, _MOMENT = "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"
_SPECIAL = "[&<>\\t\\r\\n]|_x[0-9A-Fa-f]{4}_"  # what XML or Excel would read as something else
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Column:
    """One column: its DuckDB type says what its cells are, `shows` how a number looks (an Excel number format, empty for the plain one)."""

    name: str
    kind: str
    shows: str = ""

    @property
    def format(self) -> str:
        return _DAY if self.kind == "DATE" else _MOMENT if self.kind.startswith("TIMESTAMP") else self.shows


@dataclass(frozen=True)
class Styles:
    """The numbers of the book's cell styles: one a column, and that of a text which stays text when it is edited."""

    columns: tuple[str, ...]
    text: str


def frame(path: Path, sheet: str, columns: Sequence[Column], sample: pl.DataFrame, rows: int, beside: Mapping[str, tuple[Sequence[tuple[str, ...]], bool]], *, from_right: bool = False) -> Styles:
    """Write a book with the header of `rows` rows to come and the sheets `beside`: name -> (lines, whether the first is a header). `sample` is read for widths.

    `from_right`: the first column stands at the right, as a right-to-left reader begins.
    """
    book = xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True})
    book.set_properties({"created": dt.datetime(2000, 1, 1)})
    head, text = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1}), book.add_format({"quote_prefix": True})
    shown = {pattern: book.add_format({"num_format": pattern}) for pattern in dict.fromkeys(column.format for column in columns) if pattern}
    page = book.add_worksheet(sheet[:31])
    page.freeze_panes(1, 0)
    page.set_row(0, 32)  # two lines of a column's name: LibreOffice does not make room by itself
    _printed(page)
    page.repeat_rows(0)
    page.set_row(0, 30)  # two lines: names are wrapped
    for index, column in enumerate(columns):
        page.set_column(index, index, _width(column, sample))
        page.write_string(0, index, column.name, head)
        page.write_blank(1, index, None, shown.get(column.format))  # tells the number of its style, and gives way to the rows
    page.write_blank(1, len(columns), None, text)
    if rows:
        page.autofilter(0, 0, rows, len(columns) - 1)
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    for name, (lines, has_header) in beside.items():
        _lines(book.add_worksheet(name[:31]), lines, _DEFINITION_WIDTHS if has_header else _ABOUT_WIDTHS, head if has_header else wrapped, wrapped)
    for each in book.worksheets() if from_right else ():
        each.right_to_left()
    book.close()
    with zipfile.ZipFile(path) as made:
        found = dict(re.findall(r'<c r="([A-Z]+)2" s="(\d+)"/>', made.read(_SHEET).decode()))
    return Styles(tuple(found.get(xl_col_to_name(index), "") for index in range(len(columns))), found[xl_col_to_name(len(columns))])


def fill(path: Path, pieces: Iterable[Path], columns: int, rows: int) -> Path:
    """Put the rows into the book's first sheet. The same rows give the same bytes."""
    last = f"{xl_col_to_name(max(columns - 1, 0))}{rows + 1}"
    bare = path.with_suffix(".frame")
    path.rename(bare)
    with zipfile.ZipFile(bare) as made, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        for info in made.infolist():
            if info.filename != _SHEET:
                book.writestr(info, made.read(info))
                continue
            before, _sample, after = re.split(r'(<row r="2".*?</row>)', made.read(info).decode(), maxsplit=1)
            info = zipfile.ZipInfo(_SHEET)
            info.compress_type = zipfile.ZIP_DEFLATED
            with book.open(info, "w", force_zip64=True) as out:
                out.write(re.sub(r'<dimension ref="[^"]*"', f'<dimension ref="A1:{last}"', before).encode())
                for piece in pieces:
                    with piece.open("rb") as rows:
                        while chunk := rows.read(_CHUNK):
                            out.write(chunk)
                out.write(after.encode())
    bare.unlink()
    return path


def rows_sql(sql: str, columns: Sequence[Column], styles: Styles, first_row: int) -> str:
    """Wrap a typed query (dialects.typed_sql) so that each row is one line of a sheet's XML, numbered from `first_row`; null is no cell."""
    cells = [_cell(column, xl_col_to_name(index), style, styles.text) for index, (column, style) in enumerate(zip(columns, styles.columns, strict=True))]
    return f"SELECT concat('<row r=\"', _row, '\">', {', '.join(cells)}, '</row>') AS line FROM (SELECT *, CAST(row_number() OVER () + {first_row - 1} AS VARCHAR) AS _row FROM ({sql}))"


def _cell(column: Column, letter: str, style: str, text_style: str) -> str:
    """SQL of one cell, null where it is empty. Texts are texts, never formulas; instants stay UTC, for Excel knows no time zone."""
    quoted, kind = '"' + column.name.replace('"', '""') + '"', column.kind
    looks = f' s="{style}"' if style else ""
    if kind == "BOOLEAN":
        return f"""'<c r="{letter}' || _row || '"{looks} t="b"><v>' || CAST({quoted} AS INTEGER) || '</v></c>'"""
    if kind == "DATE":
        value = f"({quoted} - DATE '1899-12-30')"
    elif kind.startswith("TIMESTAMP"):
        value = f"CAST(CAST(epoch_ms({quoted}) / 86400000 + 25569 AS DECIMAL(18, 9)) AS VARCHAR)"
    elif kind in ("DOUBLE", "FLOAT") or (kind.startswith("DECIMAL") and not kind.endswith(",0)")):
        value = number(quoted, ".")
    elif kind.endswith(("INT", "INTEGER")) or kind in WHOLE or kind.startswith("DECIMAL"):
        value = quoted
    else:
        mark = f"""CASE WHEN regexp_matches({quoted}, '{FORMULA_START}') THEN ' s="{text_style}"' ELSE '' END"""
        return f"""'<c r="{letter}' || _row || '"' || {mark} || ' t="inlineStr"><is><t xml:space="preserve">' || {_text(quoted)} || '</t></is></c>'"""
    return f"""'<c r="{letter}' || _row || '"{looks}><v>' || {value} || '</v></c>'"""


def _text(quoted: str) -> str:
    """SQL of a text as XML. What is longer than a cell holds is cut and says so: Excel would call the whole file damaged."""
    fitting = f"CASE WHEN strlen({quoted}) > {MOST_LETTERS} AND length({quoted}) > {MOST_LETTERS // 2} THEN left({quoted}, {MOST_LETTERS // 2 - 40}) || ' … [' || length({quoted}) || ']' ELSE {quoted} END"
    plain = f"regexp_replace({fitting}, '_(x[0-9A-Fa-f]{{4}}_)', '_x005F_\\1', 'g')"
    for what, written in (("'&'", "&amp;"), ("'<'", "&lt;"), ("'>'", "&gt;"), ("chr(9)", "&#9;"), ("chr(10)", "&#10;"), ("chr(13)", "_x000D_")):
        plain = f"replace({plain}, {what}, '{written}')"
    return f"(CASE WHEN strlen({quoted}) > {MOST_LETTERS} OR regexp_matches({quoted}, '{_SPECIAL}') THEN {plain} ELSE {quoted} END)"


def _width(column: Column, sample: pl.DataFrame) -> float:
    letters = 19 if column.kind.startswith("TIMESTAMP") else 11
    if sample.schema.get(column.name) == pl.String:
        letters = sample[column.name].str.len_chars().max() or 0
    return min(_WIDEST, max(len(column.name) * 0.7, 8.0, letters * 1.05))


def _printed(page: Worksheet) -> None:
    """On paper: A4, all columns side by side, as many pages down as it takes."""
    page.set_paper(9)
    page.set_landscape()
    page.fit_to_pages(1, 0)


def _lines(page: Worksheet, lines: Sequence[tuple[str, ...]], widths: Sequence[float], first: Format, rest: Format) -> None:
    _printed(page)
    for column, width in enumerate(widths):
        page.set_column(column, column, width)
    for row, line in enumerate(lines):
        for column, value in enumerate(line):
            page.write_string(row, column, value if len(value) <= MOST_LETTERS // 2 else f"{value[: MOST_LETTERS // 2]} …", rest if row else first)
