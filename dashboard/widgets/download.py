"""CSV beside every table and chart, the other forms behind one word, and the words of a result's table. The files are made by dashboard/exports.

    download.link(page, result, key="by_lane")                                   # the figures of a result
    download.rows(page, "visits", key="behind", narrow={"lane": "6A"})           # the rows behind a figure, all of them
    download.worded(page, frame, title, key="files", selection=page.selection)   # a small table of several answers
    download.made(page, make, title, key="trs")                                  # a large table, made on the click
    download.table(page, result)                                                 # list of dicts in words, for st.dataframe

A click makes a one-time link and follows it: the file is streamed by the export route and never held in memory.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import polars as pl
import streamlit as st

from dashboard import exports
from dashboard import format as words
from dashboard.access.viewer import AccessError
from dashboard.metrics import Result
from dashboard.selection import Selection
from dashboard.widgets import door, scripts
from dashboard.widgets.frame import Frame

_clicks = itertools.count()


def link(page: Frame, result: Result, *, key: str, name: str = "") -> None:
    """Offer the result: full precision, all rows, definitions beside it in about.md."""
    _buttons(page, lambda dialect: exports.of_result(result, dialect=dialect, lang=page.lang, name=name or key), key)


def rows(page: Frame, detail: str, *, key: str, **how: object) -> None:
    """Offer a row list of dashboard/details, narrowed like the figure."""
    _buttons(page, lambda dialect: exports.of_rows(detail, page.selection, dialect=dialect, lang=page.lang, **how), key)


def worded(page: Frame, table: pl.DataFrame, title: str, *, key: str, name: str = "", selection: Selection | None = None) -> None:
    """Offer a small table of figures as the page words it; `selection` is what it is about, none for constants and definitions."""
    build_id = page.store.build().build_id
    plain = "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in name or key)
    _buttons(page, lambda dialect: exports.of_table(table, title, port=page.store.port_code, build_id=build_id, selection=selection, dialect=dialect, lang=page.lang, name=plain), key)


def made(page: Frame, make: Callable[[], pl.DataFrame], title: str, *, key: str, name: str = "", metrics: tuple[str, ...] = (), shares: tuple[str, ...] = ()) -> None:
    """Offer a table that is made only when it is asked for; its columns are in the reader's words, its figures in full.

    `metrics` are the codes the workbook defines, `shares` the columns it shows as percent.
    """
    build_id = page.store.build().build_id
    _buttons(page, lambda dialect: exports.of_table(make(), title, port=page.store.port_code, build_id=build_id, selection=page.selection, dialect=dialect, lang=page.lang, name=name or key, metrics=metrics, shares=shares), key)


@st.fragment
def _buttons(page: Frame, order: Callable[[str], exports.Order], key: str) -> None:
    # A French Excel wants ; and the decimal comma; the other dialect stays one click away.
    say = page.say
    first, second = ("semicolon", "comma") if page.lang == "fr" else ("comma", "semicolon")
    forms = {
        "xlsx": (say("Excel workbook (XLSX)"), "xlsx", first), "parquet": (say("Parquet, for programs"), "parquet", first),
        "zip": (say("CSV with definitions (ZIP)"), "zip", first), "csv2": (say("CSV: {dialect}", dialect=say(exports.DIALECTS[second].label)), "csv", second),
    }  # fmt: skip
    wanted: tuple[str, str] | None = None
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        if st.button(say("Download CSV"), key=f"{key}_csv", type="tertiary", help=say(exports.DIALECTS[first].label)):
            wanted = "csv", first
        with st.popover(say("Other formats"), key=f"{key}_forms", type="tertiary"):
            for code, (label, form, dialect) in forms.items():
                if st.button(label, key=f"{key}_{code}", type="tertiary"):
                    wanted = form, dialect
    if wanted:
        _give(page, order(wanted[1]), wanted[0])


def _give(page: Frame, asked: exports.Order, form: str) -> None:
    """Follow a link to the file, or say why there can be none."""
    try:
        url, n = exports.link(asked, form=form), exports.too_long(asked, form)
    except AccessError as error:
        door.refused(page.say, error, "export")
        return
    if n is not None:
        st.warning(page.say("{n} rows are more than an Excel sheet holds ({most}). Take the CSV: it has no limit.", n=words.number(n, page.lang), most=words.number(exports.MOST_ROWS, page.lang)))
        return
    _follow(url)


@st.fragment
def paper(page: Frame, label: str, stem: str, made: Callable[[], bytes], *, key: str, form: str = "pdf") -> None:
    """Offer a paper that is made when it is fetched; `label` is the button's words, `stem` the file name without ending."""
    if st.button(label, key=f"{key}_{form}", type="tertiary"):
        _follow(exports.link(exports.of_paper(stem, made, page.store.port_code), form=form))


def _follow(url: str) -> None:
    """Let the browser fetch the one-time link without leaving the page. The address is relative, so that a proxy may put a prefix before it."""
    st.html(scripts.tag(scripts.FOLLOW, href=url.lstrip("/"), click=str(next(_clicks))), unsafe_allow_javascript=True)


def table(page: Frame, result: Result) -> list[dict[str, object]]:
    """Return the result's rows in the reader's words: keys named, values formatted, n beside each metric."""
    say, lang = page.say, page.lang
    names = {dimension.code: dimension for dimension in result.by}
    found = []
    for row in result.rows.iter_rows(named=True):
        line: dict[str, object] = {}
        if result.grain:
            at = row["period"]
            line[say("Period")] = words.moment(at, lang) if result.grain == "hour" else words.day(at, lang)
        for code, dimension in names.items():
            value = row[code]
            known = dimension.codes.codes.get(str(value)) if dimension.codes and value is not None else None
            line[say(dimension.label)] = say("unknown") if value is None else say(known) if known else page.name(code, value)
        for metric in result.metrics:
            line[say(metric.label)] = words.plain(words.value(row[metric.code], metric.unit, lang, metric.decimals))
            if not metric.count:
                line[f"n ({say(metric.label)})"] = words.number(row[f"{metric.code}__n"], lang)
        found.append(line)
    return found
