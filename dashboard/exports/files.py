"""An Order (what is wanted, in which spelling and language) and the files it becomes. DuckDB writes them; memory stays flat at any size."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import polars as pl

from dashboard import store
from dashboard.details import DETAILS
from dashboard.exports import about, workbook
from dashboard.exports.dialects import BOM, DIALECTS, copy_options, file_sql
from dashboard.i18n import translator
from dashboard.metrics import METRICS, Result
from dashboard.selection import Selection
from etl.errors import DeclarationError

_CHUNK = 1 << 20


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
    """Order the very frame a page shows."""
    plain = "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in name or result.metrics[0].code)
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
    return Order(port, build_id, dialect, lang, name, selection, table=table, title=title, metrics=metrics, shares=shares)


def write(order: Order, folder: Path) -> tuple[Path, Path]:
    """Write the CSV and its about.md into `folder` and return their paths. Raises BuildError when the order's build is gone."""
    port, dialect = store.of(order.port), DIALECTS[order.dialect]
    opened = port.opened(order.build_id)
    build = opened.about
    around = (build.first_day, build.last_day)
    target = folder / f"{order.stem}.csv"
    target.write_bytes(BOM)
    body = _scratch(folder)
    try:
        if order.result is not None:
            n = opened.copy_frame(order.result.frame, lambda columns: file_sql("SELECT * FROM answer", columns, dialect, build.zone_name, around), str(body), copy_options(dialect))
            text = about.of_result(order.result, build, order.lang, order.dialect, n)
        elif order.table is not None:
            n = opened.copy_frame(order.table, lambda columns: file_sql("SELECT * FROM answer", columns, dialect, build.zone_name, around), str(body), copy_options(dialect))
            text = about.of_table(order.title, order.table.columns, order.selection, build, order.lang, order.dialect, n)
        else:
            sql, params, _days = _asked(order, order.selection)
            columns, n = opened.columns(sql, params), 0
            for number, part in enumerate(_parts(order)):
                piece, values, days = _asked(order, part)
                n += opened.copy(file_sql(piece, columns, dialect, build.zone_name, around), values, str(body), copy_options(dialect, header=not number), days)
                _append(body, target)
            body.write_bytes(b"")
            text = about.of_rows(DETAILS[order.detail], columns, order.selection, dict(order.how), build, order.lang, order.dialect, n, sql)
        _append(body, target)
    finally:
        body.unlink(missing_ok=True)
    beside = folder / "about.md"
    beside.write_text(text, "utf-8")
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


def write_xlsx(order: Order, folder: Path) -> Path:
    """Write a table or a Result into an Excel workbook, its definitions on the second sheet, and return its path. Raises DeclarationError for a row list."""
    build, say = store.of(order.port).opened(order.build_id).about, translator(order.lang)
    if order.result is not None:
        table, text = order.result.frame, about.of_result(order.result, build, order.lang, order.dialect, order.result.frame.height)
        meanings = about.meanings(order.result.metrics, order.lang, order.result.by)
        shares = [name for metric in order.result.metrics if metric.unit == "share" for name in (metric.code, *(f"{metric.code}__{each}" for each in ("low", "high", "before")))]
    elif order.table is not None:
        table, text = order.table, about.of_table(order.title, order.table.columns, order.selection, build, order.lang, order.dialect, order.table.height)
        meanings, shares = about.meanings([METRICS[code] for code in order.metrics], order.lang) if order.metrics else [], order.shares
    else:
        raise DeclarationError("export", f"the row list '{order.detail}' is no workbook", "csv, zip")
    return workbook.write(folder / f"{order.stem}.xlsx", table, say("Figures"), about.facts(text, order.lang), meanings, say("What they mean"), shares)


def _parts(order: Order) -> list[Selection | None]:
    """The order's selection, month by month where the list allows: sorting a year of visits at once took 1 GiB."""
    selection, how = order.selection, dict(order.how)
    if selection is None or not DETAILS[order.detail].by_month or "limit" in how:
        return [selection]
    starts = [selection.first_day]
    while (following := (starts[-1].replace(day=1) + dt.timedelta(days=32)).replace(day=1)) < selection.end_day:
        starts.append(following)
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
