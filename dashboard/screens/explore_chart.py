"""Explore's chart, chosen by the kind of question: time draws lines, one split dots or bars, a split with a clock or scale columns, two splits a heatmap."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import plotly.graph_objects as go
import polars as pl

from dashboard import format as words
from dashboard.metrics import DIMENSIONS, Metric, Result
from dashboard.screens import explore_words
from dashboard.screens.explore_state import PERIOD
from dashboard.screens.security_words import hidden
from dashboard.views import explore as view
from dashboard.widgets import panel
from dashboard.widgets.frame import Frame

MOST_SAID = 1500  # points whose hover is written; of more, 25 us each, Plotly's own says time and value
THIN = 30  # rows under which a figure is grey, as on the other pages


def drawn(page: Frame, result: Result, code: str) -> tuple[go.Figure | None, str]:
    """Return the figure of one metric of the answer, and the finding it shows; no figure where the question has no picture, and why."""
    metric, keys = result.metric(code), result.keys
    rows = result.rows.filter(pl.col(code).is_not_null())
    if rows.is_empty() and result.suppressed_n and result.rows[f"{code}__n"].null_count():
        return None, page.say("{label}: {values}", label=page.say(metric.label), values=hidden(page)) + "."
    if rows.is_empty():
        return None, page.say("{figure}: no value in this selection.", figure=page.say(metric.label))
    if not keys:
        cell = result.cell(code)
        return None, page.say("{figure}: {value} (n = {n}).", figure=page.say(metric.label), value=words.cell(cell, page.lang), n=explore_words.behind(page, rows[f"{code}__n"][0]))
    if len(keys) > 2:
        return None, page.say("Three keys at once have no picture: the table below holds them. Take one away to see a chart.")
    if PERIOD in keys:
        return _over_time(page, result, metric, rows, next((key for key in keys if key != PERIOD), None))
    return _one(page, result, metric, rows, keys[0]) if len(keys) == 1 else _two(page, result, metric, rows, keys)


def _over_time(page: Frame, result: Result, metric: Metric, rows: pl.DataFrame, split: str | None) -> tuple[go.Figure, str]:
    say, grain = page.say, result.grain or ""
    starred = explore_words.cut(page, result)
    at = explore_words.named(page, PERIOD, grain, starred)
    times = explore_words.times(result)
    groups = [None] if split is None else rows.group_by(split).agg(pl.col(f"{metric.code}__n").sum().alias("n")).sort("n", descending=True)[split].to_list()
    name = explore_words.named(page, split) if split else lambda _: say(metric.label)
    is_said = len(times) * min(len(groups), view.MOST_LINES) <= MOST_SAID
    series = []
    for group in groups[: view.MOST_LINES]:
        mine = rows if split is None else rows.filter(pl.col(split).eq_missing(pl.lit(group, dtype=rows.schema[split])))
        found = {row[PERIOD]: row for row in mine.iter_rows(named=True)}
        hover = [f"{name(group)}<br>{at(time)}<br>{_said(page, metric, found[time])}" if time in found else "" for time in times] if is_said else []
        series.append((_short(name(group)), times, [_drawn(metric, found[time][metric.code]) if time in found else None for time in times], hover))
    figure = view.lines(series, suffix=_suffix(page, metric), separators=_separators(page), hollow=starred)
    whole = rows.filter(~pl.col(PERIOD).is_in(list(starred)))
    lowest, highest = ((rows if whole.is_empty() else whole).sort(metric.code, nulls_last=True).row(index, named=True) for index in (0, -1))
    ends = {"low": explore_words.figure(page, metric, lowest[metric.code]), "high": explore_words.figure(page, metric, highest[metric.code]), "first": at(lowest[PERIOD]), "last": at(highest[PERIOD])}
    finding = say("{figure}: from {low} ({first}) to {high} ({last}).", figure=say(metric.label), **ends)
    if len(groups) > view.MOST_LINES:
        finding += " " + say("The {n} groups with the most rows are drawn, of {all}.", n=view.MOST_LINES, all=words.number(len(groups), page.lang))
    return figure, finding


def _one(page: Frame, result: Result, metric: Metric, rows: pl.DataFrame, key: str) -> tuple[go.Figure, str]:
    say, is_clock = page.say, DIMENSIONS[key].is_time
    shown = rows if is_clock else rows.sort(f"{metric.code}__n", descending=True).head(view.MOST_ROWS)
    name = explore_words.named(page, key)
    marks = [_mark(page, metric, row, name(row[key])) for row in shown.iter_rows(named=True)]
    marks = [replace(mark, value=_drawn(metric, mark.value), low=_drawn(metric, mark.low), high=_drawn(metric, mark.high)) for mark in marks]
    how: dict[str, Any] = {"suffix": _suffix(page, metric), "separators": _separators(page)}
    figure = view.columns(marks, **how) if is_clock else view.dots(marks, bars=_is_counted(metric), **how)
    finding = _ends(page, metric, rows, lambda row: _mark(page, metric, row, name(row[key])))
    if shown.height < rows.height:
        finding += " " + say("The {n} groups with the most rows are drawn, of {all}.", n=view.MOST_ROWS, all=words.number(rows.height, page.lang))
    return figure, finding


def _two(page: Frame, result: Result, metric: Metric, rows: pl.DataFrame, keys: tuple[str, ...]) -> tuple[go.Figure | None, str]:
    say = page.say
    sizes = {key: rows[key].n_unique() for key in keys}
    down, across = sorted(keys, key=lambda key: (DIMENSIONS[key].is_time, sizes[key]))  # a clock runs from left to right
    if sizes[down] * sizes[across] > view.MOST_CELLS or sizes[down] > 60:
        return None, say("{n} by {m} groups are too many for a picture: the table below holds them.", n=words.number(sizes[down], page.lang), m=words.number(sizes[across], page.lang))
    values = {key: rows[key].unique().sort(nulls_last=True).to_list() for key in keys}
    names = {key: [explore_words.named(page, key)(value) for value in values[key]] for key in keys}
    place = {key: {value: number for number, value in enumerate(values[key])} for key in keys}
    cells = pl.DataFrame(
        [{"row": place[down][row[down]], "column": place[across][row[across]], "value": float(row[metric.code]), "n": row[f"{metric.code}__n"], "place": number} for number, row in enumerate(rows.iter_rows(named=True))]
    )
    told = rows.rows(named=True)

    def about(cell: dict) -> str:
        row = told[cell["place"]]
        return "<br>".join((*(f"{explore_words.named(page, key)(row[key])}" for key in (down, across)), _said(page, metric, row)))

    figure = view.grid(cells, [_short(name) for name in names[down]], [_short(name, max(8, 150 // len(names[across]))) for name in names[across]], show=lambda value: _plain(page, metric, value), about=about)
    ordered = rows.sort(metric.code)
    low, high = (ordered.row(index, named=True) for index in (0, -1))
    said = {end: ", ".join(explore_words.named(page, key)(row[key]) for key in (down, across)) for end, row in (("first", low), ("last", high))}
    return figure, say("{figure}: from {low} ({first}) to {high} ({last}).", figure=say(metric.label), low=explore_words.figure(page, metric, low[metric.code]), high=explore_words.figure(page, metric, high[metric.code]), **said)


def _mark(page: Frame, metric: Metric, row: Mapping[str, Any], name: str) -> view.Mark:
    n = row[f"{metric.code}__n"] or 0
    value = explore_words.figure(page, metric, row[metric.code])
    label = f"<b>{value}</b>" if _is_counted(metric) and row[metric.code] == n else f"<b>{value}</b> · n = {explore_words.behind(page, row[f'{metric.code}__n'])}"
    return view.Mark(_short(name, 60), row[metric.code], label, f"{name}<br>{_said(page, metric, row)}", row.get(f"{metric.code}__low"), row.get(f"{metric.code}__high"), not metric.count and n < THIN)


def _said(page: Frame, metric: Metric, row: Mapping[str, Any]) -> str:
    """A figure with its limits and n, for a hover."""
    low, high = row.get(f"{metric.code}__low"), row.get(f"{metric.code}__high")
    limits = f" ({words.plain(words.interval(low, high, metric.unit, page.lang, metric.decimals))})" if low is not None and high is not None else ""
    return f"{explore_words.figure(page, metric, row[metric.code])}{limits}<br>n = {explore_words.behind(page, row[f'{metric.code}__n'])}"


def _ends(page: Frame, metric: Metric, rows: pl.DataFrame, mark: Callable[[Mapping[str, Any]], view.Mark]) -> str:
    """The range of all groups, drawn or not, but those of few rows. Never a ranking: of percentiles and shares it says whether the ends differ by more than chance."""
    say, thick = page.say, rows if metric.count else rows.filter(pl.col(f"{metric.code}__n").fill_null(0) >= THIN)
    ordered = (rows if thick.is_empty() else thick).sort(metric.code, maintain_order=True)
    if ordered.height < 2:
        return say("One group only in this selection.")
    low, high = (mark(ordered.row(index, named=True)) for index in (0, -1))
    ends = {"low": explore_words.figure(page, metric, low.value), "high": explore_words.figure(page, metric, high.value), "first": low.name, "last": high.name}
    finding = say("{figure}: from {low} ({first}) to {high} ({last}).", figure=say(metric.label), **ends)
    if low.high is not None and high.low is not None and low.high >= high.low:
        finding += " " + say("The intervals overlap: no clear difference.")
    return finding


def _is_counted(metric: Metric) -> bool:
    return metric.count or metric.unit == "count"


def _drawn(metric: Metric, value: float | None) -> float | None:
    """A value on the axis: shares in hundredths, because the axis' own percent knows one spelling only."""
    return value * 100 if value is not None and metric.unit == "share" else value


def _suffix(page: Frame, metric: Metric) -> str:
    """What stands behind a figure of the axis, as the language writes it."""
    if metric.unit == "share":
        return words.plain(words.share(1.0, page.lang)).removeprefix("100")
    unit = page.say("min") if metric.unit == "min" else page.say("h") if metric.unit == "hours" else ""
    return f" {unit}" if unit else ""


def _separators(page: Frame) -> str:
    """What stands before decimals and between thousands on an axis, as in the page's own numbers."""
    group, decimal = (letter for letter in words.unmarked(words.number(1234.5, page.lang, 1)) if not letter.isdigit())
    return decimal + group


def _plain(page: Frame, metric: Metric, value: float) -> str:
    """A figure without its unit, for a cell of a heatmap."""
    return words.plain(words.share(value, page.lang, min(metric.decimals, 1))) if metric.unit == "share" else words.number(value, page.lang, min(metric.decimals, 1))


def _short(name: str, most: int = 24) -> str:
    name = panel.short(name, most)
    return name if len(name) <= most else f"{name[: most - 1]}…"
