"""Explore's answers in words: names of keys, the long table, and the table with one key across. Frames in, frames out; no Streamlit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Sequence

import polars as pl

from dashboard import format as words
from dashboard.metrics import DIMENSIONS, Metric, Result
from dashboard.screens.explore_state import PERIOD
from dashboard.views import distribution
from dashboard.widgets.frame import Frame
from etl.contracts.codes import STEP


def label(page: Frame, key: str) -> str:
    """The name of a key; where two dimensions bear one name, with its code."""
    if key == PERIOD:
        return page.say("Period")
    said = page.say(DIMENSIONS[key].label)
    return f"{said} ({key})" if sum(page.say(each.label) == said for each in DIMENSIONS.values()) > 1 else said


def cut(page: Frame, result: Result) -> frozenset[object]:
    """The steps of time of an answer that are not whole in the selection or in the data."""
    return frozenset(result.frame.filter(result.is_partial(page.store.begins(result)))[PERIOD].to_list()) if result.grain else frozenset()


def named(page: Frame, key: str, grain: str = "", starred: Collection[object] = ()) -> Callable[[object], str]:
    """Words for the values of a key; the steps of time that are `starred` bear a star."""
    say, lang = page.say, page.lang
    if key == PERIOD:
        return lambda at: (words.moment(at, lang) if grain == "hour" else words.day(at, lang)) + (" *" if at in starred else "")
    codes = DIMENSIONS[key].codes

    def name(value: object) -> str:
        if value is None:
            return say("unknown")
        if codes and str(value) in codes.codes:
            return say(codes.codes[str(value)])
        if key in ("hour", "step_hour"):
            return say("{h} h", h=value)
        if key == "hour_of_week":
            return f"{words.weekday(int(value) // 24 + 1, lang)} {say('{h} h', h=int(value) % 24)}"
        if key == "turnaround_bin":
            return " – ".join(words.plain(words.duration(distribution.bin_start_min(int(value) + more), lang)) for more in (0, 1))
        if key == "path":
            return f" {say('→')} ".join(say(STEP.codes.get(step, step)) for step in str(value).split(">"))
        return page.name(key, value)

    return name


def figure(page: Frame, metric: Metric, value: float | None) -> str:
    return words.plain(words.value(value, metric.unit, page.lang, metric.decimals))


def behind(page: Frame, n: int | None) -> str:
    """The rows behind a figure that is shown; their number may be hidden where the figure is not."""
    return page.say("hidden") if n is None else words.number(n, page.lang)


def long(page: Frame, result: Result, most: int) -> pl.DataFrame:
    """The first `most` rows in words, n beside each figure; a total row stands first, where a table that is cut still shows it."""
    rows = pl.concat([result.total, result.frame.filter(~pl.col("is_total"))]) if "is_total" in result.frame.columns else result.frame
    rows = rows.head(most + 1)
    totals = rows["is_total"].to_list() if "is_total" in rows.columns else [False] * rows.height
    made, starred = {}, cut(page, result)
    for number, key in enumerate(result.keys):
        name = named(page, key, result.grain or "", starred)
        made[label(page, key)] = [(page.say("Everything") if not number else "") if is_total else name(value) for is_total, value in zip(totals, rows[key], strict=True)]
    for metric in result.metrics:
        hidden = rows["is_suppressed"].to_list() if "is_suppressed" in rows.columns else [False] * rows.height
        made[page.say(metric.label)] = [page.say("hidden") if value is None and gone else figure(page, metric, value) for value, gone in zip(rows[metric.code], hidden, strict=True)]
        if not metric.count:
            made[f"n ({page.say(metric.label)})"] = [page.say("hidden") if n is None and gone else words.number(n, page.lang) for n, gone in zip(rows[f"{metric.code}__n"], hidden, strict=True)]
    return pl.DataFrame(made)


def pivot(page: Frame, result: Result, across: str, by_row: Result, by_column: Result, whole: Result) -> pl.DataFrame:
    """One row a group, one column a value of `across`, figure and rows behind it in each cell; totals are answers of their own, never sums or means of cells.

    by_row, by_column, whole   the same metrics asked without `across`, by `across` alone, and over everything
    """
    say, grain = page.say, result.grain or ""
    rest = [key for key in result.keys if key != across]
    heads = result.rows[across].unique(maintain_order=True).sort(nulls_last=True).to_list()
    found = {tuple(row[key] for key in (*rest, across)): row for row in result.rows.iter_rows(named=True)}
    total_of = {tuple(row[key] for key in rest): row for row in by_row.rows.iter_rows(named=True)}
    below = {row[across]: row for row in by_column.rows.iter_rows(named=True)}
    starred = cut(page, result)
    names = {key: named(page, key, grain, starred) for key in result.keys}
    columns = unique([names[across](head) for head in heads])
    lines: list[dict[str, str]] = []
    for metric in result.metrics:
        own = {say("Figure"): say(metric.label)} if len(result.metrics) > 1 else {}
        for group in dict.fromkeys(key[:-1] for key in found):
            line = own | {label(page, key): names[key](value) for key, value in zip(rest, group, strict=True)}
            lines.append(line | {head: _cell(page, metric, found.get((*group, value))) for head, value in zip(columns, heads, strict=True)} | {say("Everything"): _cell(page, metric, total_of.get(group))})
        if rest:
            line = own | {label(page, key): "" if number else say("Everything") for number, key in enumerate(rest)}
            lines.append(line | {head: _cell(page, metric, below.get(value)) for head, value in zip(columns, heads, strict=True)} | {say("Everything"): _cell(page, metric, whole.frame.row(0, named=True))})
    return pl.DataFrame(lines, infer_schema_length=None)


def unique(names: Sequence[str]) -> list[str]:
    """The names, numbered where two are the same: a table cannot have two columns of one name."""
    return [name if names.count(name) == 1 else f"{name} ({number + 1})" for number, name in enumerate(names)]


def _cell(page: Frame, metric: Metric, row: dict | None) -> str:
    if row is None:
        return "–"
    value, n = row[metric.code], row[f"{metric.code}__n"]
    if value is None and row.get("is_suppressed"):
        return page.say("hidden")
    return figure(page, metric, value) if metric.count and metric.unit == "count" else f"{figure(page, metric, value)} ({behind(page, n) if value is not None else words.number(n, page.lang)})"


def times(result: Result, across: str = PERIOD) -> list[dt.date | dt.datetime]:
    """The steps of time of an answer, in order."""
    return result.rows[across].unique().sort().to_list()
