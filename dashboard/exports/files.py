"""An Order (what is wanted, in which spelling and language) and the files it becomes. DuckDB writes or streams the rows; memory stays flat at any size."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import polars as pl

from dashboard import store
from dashboard.details import DETAILS
from dashboard.exports import about, parquet, workbook
from dashboard.exports.dialects import BOM, DIALECTS, copy_options, file_sql, typed_sql, written
from dashboard.format import MARKS, unmarked
from dashboard.i18n import translator
from dashboard.metrics import METRICS, Result
from dashboard.selection import Selection
from etl.errors import DeclarationError

if TYPE_CHECKING:
    import pyarrow as pa

    from dashboard.builds import Build, Opened

FORMS = ("csv", "zip", "about", "xlsx", "parquet")
_CHUNK = 1 << 20
_SAMPLE = 500  # rows the widths of a workbook's columns are read from
_THIRDS = (1, 11, 21)  # days of a month


@dataclass(frozen=True)
class Order:
    """One wanted export: a Result, a row list with its narrowing, or a table of figures as a page words it. `build_id` pins the build the page showed.

    Of such a table `metrics` are the codes behind it, `shares` its columns that hold 0 to 1.
    """

    port: str
    build_id: str
    dialect: str
    lang: str
    name: str
    selection: Selection | None
    result: Result | None = field(default=None, repr=False, compare=False)
    detail: str | None = None
    how: tuple[tuple[str, object], ...] = ()
    table: pl.DataFrame | None = field(default=None, repr=False, compare=False)
    title: str = ""
    metrics: tuple[str, ...] = ()
    shares: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.dialect not in DIALECTS:
            raise DeclarationError("export", f"dialect '{self.dialect}' is not known", ", ".join(DIALECTS))

    @property
    def stem(self) -> str:
        """File name without ending: what, and of which days."""
        days = f"_{self.selection.first_day}_{self.selection.last_day}" if self.selection else ""
        return f"smartport_{self.name}{days}"


def of_result(result: Result, *, dialect: str = "comma", lang: str = "en", name: str = "") -> Order:
    """Order the very frame a page shows; with a step of time each row says whether its step is whole."""
    plain = "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in name or result.metrics[0].code)
    if result.grain:  # the page marks such steps in words
        place, partial = result.frame.columns.index("period") + 1, result.is_partial(store.of(result.selection.port).begins(result))
        result = replace(result, frame=result.frame.select(*result.frame.columns[:place], partial, *result.frame.columns[place:]))
    return Order(result.selection.port, result.build_id, dialect, lang, plain, result.selection, result=result)


def of_rows(detail: str, selection: Selection | None = None, *, dialect: str = "comma", lang: str = "en", build_id: str | None = None, **how: object) -> Order:
    """Order a row list, uncapped: `how` as in store.rows (narrow, metric, grain, period, or the detail's own parameters)."""
    if detail not in DETAILS:
        raise DeclarationError("export", f"detail '{detail}' is not known", ", ".join(DETAILS))
    build = store.of(selection.port if selection else None).build(build_id)
    frozen = tuple((name, tuple(value.items()) if isinstance(value, Mapping) else value) for name, value in how.items() if value is not None)
    return Order(build.port_code, build.build_id, dialect, lang, detail, selection, detail=detail, how=frozen)


def of_table(
    table: pl.DataFrame, title: str, *, port: str, build_id: str, selection: Selection | None = None, dialect: str = "comma", lang: str = "en", name: str = "table",
    metrics: tuple[str, ...] = (), shares: tuple[str, ...] = (),
) -> Order:  # fmt: skip
    """Order a small table whose columns are already in the reader's words, e.g. one made of several answers."""
    worded = table.rename(unmarked).with_columns(pl.col(pl.String).str.replace_all(f"[{MARKS}]", ""))  # marks of direction are for screens
    return Order(port, build_id, dialect, lang, name, selection, table=worded, title=title, metrics=metrics, shares=tuple(map(unmarked, shares)))


@dataclass(frozen=True)
class _Rows:
    """The rows of an order: `columns` of (name, DuckDB type), SQL piece by piece with what each is run with, and the frame it reads, if any."""

    opened: Opened
    columns: list[tuple[str, str]]
    pieces: tuple[tuple[str, dict[str, object], tuple[dt.date, dt.date] | None], ...]
    answer: pl.DataFrame | None = None
    sql: str = ""

    @property
    def build(self) -> Build:
        return self.opened.about

    def count(self) -> int:
        """How many there are, without reading them."""
        if self.answer is not None:
            return self.answer.height
        return sum(int(self.opened.frame(f"SELECT count(*) AS n FROM ({sql})", params, days)["n"][0]) for sql, params, days in self.pieces)

    def sample(self) -> pl.DataFrame:
        """The first rows, for the widths of columns."""
        if self.answer is not None:
            return self.answer.head(_SAMPLE)
        sql, params, days = self.pieces[0]
        return self.opened.frame(f"SELECT * FROM ({sql}) LIMIT {_SAMPLE}", params, days)

    def typed(self) -> Iterator[pa.RecordBatch]:
        for sql, params, days in self.pieces:
            yield from self.opened.batches(typed_sql(sql, self.columns), params, days, answer=self.answer)


def make(order: Order, form: str, folder: Path) -> Path:
    """Write one of FORMS into `folder` and return its path. Raises DeclarationError for more rows than the form holds, BuildError when the order's build is gone."""
    if form == "zip":
        return write_zip(order, folder)
    if form in ("csv", "about"):
        return write(order, folder)[form == "about"]
    if form not in FORMS:
        raise DeclarationError("export", f"form '{form}' is not known", ", ".join(FORMS))
    return write_xlsx(order, folder) if form == "xlsx" else write_parquet(order, folder)


def write(order: Order, folder: Path) -> tuple[Path, Path]:
    """Write the CSV and its about.md into `folder` and return their paths."""
    rows, dialect = _rows(order), DIALECTS[order.dialect]
    around = (rows.build.first_day, rows.build.last_day)
    target, beside = folder / f"{order.stem}.csv", folder / "about.md"
    target.write_bytes(BOM)
    body, n = _scratch(folder), 0
    try:
        for number, (sql, params, days) in enumerate(rows.pieces):
            spelled = file_sql(sql, rows.columns, dialect, rows.build.zone_name, around)
            n += rows.opened.copy(spelled, params, str(body), copy_options(dialect, header=not number), days, answer=rows.answer)
            _append(body, target)
    finally:
        body.unlink(missing_ok=True)
    beside.write_text(_about(order, rows, n, order.dialect), "utf-8")
    return target, beside


def write_zip(order: Order, folder: Path) -> Path:
    """Write CSV and about.md into one zip and return its path."""
    csv, beside = write(order, folder)
    target = folder / f"{order.stem}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.write(csv, csv.name)
        archive.write(beside, beside.name)
    csv.unlink()
    beside.unlink()
    return target


def write_parquet(order: Order, folder: Path) -> Path:
    """Write the rows, typed, into a Parquet file whose columns say what they mean, and return its path."""
    rows = _rows(order)
    named = about.columns_of_result(order.result, order.lang) if order.result is not None else about.columns_of_rows([name for name, _ in rows.columns], order.lang)
    return parquet.write(folder / f"{order.stem}.parquet", rows.columns, rows.typed(), named, lambda n: _about(order, rows, n))


def write_xlsx(order: Order, folder: Path) -> Path:
    """Write the rows as typed cells into an Excel workbook with a sheet of definitions and one that says what they are of; return its path.

    Raises DeclarationError where a sheet cannot hold them.
    """
    rows, say = _rows(order, _THIRDS), translator(order.lang)  # a row is 1.6 kB of XML
    n = rows.count()
    if n > workbook.MOST_ROWS:
        raise DeclarationError("export", f"{n:,} rows are more than the {workbook.MOST_ROWS:,} an Excel sheet holds", "csv, zip, parquet", "Take the CSV, which has no limit")
    facts = about.facts(_about(order, rows, n), order.lang)
    if order.result is not None:
        facts += [("", ""), (say("Rows behind the figures"), ""), *((say(metric.label), behind) for metric, behind in about.behind(order.result, order.lang))]
        facts += [("", ""), *(("SQL", f"{sql}\n\n{params}") for sql, params in zip(order.result.sql, order.result.params, strict=True))]
        meanings = about.meanings(order.result.metrics, order.lang, order.result.by)
    elif order.table is not None:
        meanings = about.meanings([METRICS[code] for code in order.metrics], order.lang) if order.metrics else []
    else:
        facts += [("", ""), ("SQL", rows.sql)]
        meanings = [(say("Code"), say("Definition"), say("Unit")), *((name, told["about"], told["unit"]) for name, told in about.columns_of_rows([name for name, _ in rows.columns], order.lang).items())]
    columns = [workbook.Column(name, kind, _look(order, name, kind)) for name, kind in rows.columns]
    beside = ({say("What they mean"): (meanings, True)} if meanings else {}) | {say("About this file"): (facts, False)}
    path, body = folder / f"{order.stem}.xlsx", _scratch(folder)
    styles = workbook.frame(path, say("Rows") if order.detail else say("Figures"), columns, rows.sample(), n, beside, from_right=say.direction == "rtl")

    def pieces() -> Iterator[Path]:
        following = 2
        for sql, params, days in rows.pieces:
            lines = workbook.rows_sql(typed_sql(sql, rows.columns), columns, styles, following)
            following += rows.opened.copy(lines, params, str(body), workbook.COPY_OPTIONS, days, answer=rows.answer)
            yield body

    try:
        return workbook.fill(path, pieces(), len(columns), n)
    finally:
        body.unlink(missing_ok=True)


def too_long(order: Order, form: str) -> int | None:
    """How many rows the order has where the form cannot hold them, else None: to be said before anything is made."""
    if form != "xlsx":
        return None
    n = _rows(order).count()
    return n if n > workbook.MOST_ROWS else None


def told(order: Order) -> dict[str, object]:
    """What the audit log keeps of an export: its rows, and what they are of as the address says it."""
    asked = [*(order.selection.to_query() if order.selection else {}).items(), *((name, str(dict(value)) if name == "narrow" else str(value)) for name, value in order.how)]
    return {"rows": _rows(order).count(), "selection": urlencode(asked, safe=",:")}


def _rows(order: Order, cuts: tuple[int, ...] = (1,)) -> _Rows:
    """`cuts` are the days of a month a long list is cut at. Raises BuildError when the order's build is gone, and what the store refuses."""
    opened = store.of(order.port).opened(order.build_id)
    answer = order.result.frame if order.result is not None else order.table
    if answer is not None:
        return _Rows(opened, opened.columns("SELECT * FROM answer", {}, answer=answer), (("SELECT * FROM answer", {}, None),), answer)
    sql, params, _days = _asked(order, order.selection)
    return _Rows(opened, opened.columns(sql, params), tuple(_asked(order, part) for part in _parts(order, cuts)), sql=sql)


def _about(order: Order, rows: _Rows, n: int, dialect: str | None = None) -> str:
    if order.result is not None:
        return about.of_result(order.result, rows.build, order.lang, dialect, n)
    if order.table is not None:
        return about.of_table(order.title, order.table.columns, order.selection, rows.build, order.lang, dialect, n)
    columns = written(rows.columns) if dialect else [name for name, _ in rows.columns]
    return about.of_rows(DETAILS[order.detail], columns, order.selection, dict(order.how), rows.build, order.lang, dialect, n, rows.sql)


def _look(order: Order, name: str, kind: str) -> str:
    """The Excel number format of a column: shares as percent, a metric with the decimals its page shows."""
    if order.result is None:
        return "0.0%" if name in order.shares else "" if kind != "DOUBLE" else "0.00" if order.detail else "#,##0.0"
    code, _side, side = name.partition("__")
    metric = next((metric for metric in order.result.metrics if metric.code == code), None)
    if metric is None:
        return ""
    if side in ("n", "before_n"):
        return "#,##0"
    return "0.0%" if metric.unit == "share" else f"#,##0.{'0' * metric.decimals}" if metric.decimals else "#,##0"


def _parts(order: Order, cuts: tuple[int, ...]) -> list[Selection | None]:
    """The order's selection, month by month where the list allows, steps in thirds of a month: sorting a year of visits at once took 1 GiB, a month of steps 450 MiB."""
    selection, how = order.selection, dict(order.how)
    if selection is None or not DETAILS[order.detail].by_month or "limit" in how:
        return [selection]
    days = (selection.first_day + dt.timedelta(days=number) for number in range(selection.days))
    starts = [day for day in days if day == selection.first_day or day.day in (_THIRDS if order.detail == "steps" else cuts)]
    return [replace(selection, first_day=first, end_day=end, period="custom") for first, end in pairwise([*starts, selection.end_day])]


def _asked(order: Order, selection: Selection | None) -> tuple[str, dict[str, object], tuple[dt.date, dt.date] | None]:
    """The row list as the store gives it, with whatever it hides: exports have no other way to rows."""
    how = {name: dict(value) if name == "narrow" else value for name, value in order.how}
    return store.of(order.port).row_query(order.detail, selection, build_id=order.build_id, **how)


def _scratch(folder: Path) -> Path:
    handle, path = tempfile.mkstemp(suffix=".part", dir=folder)
    os.close(handle)
    return Path(path)


def _append(body: Path, target: Path) -> None:
    with body.open("rb") as source, target.open("ab") as out:
        while chunk := source.read(_CHUNK):
            out.write(chunk)
