"""The shapes of the pilot's evidence: the gap over time, the event study, dots with their ranges, and trial dates. Sizes come in, figures go out.

Every size is a change against the comparison units (below 0: less than without the pilot), in % or in the measure's own unit. Nothing is estimated here.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.views import theme
from dashboard.views.over_time import Event, seen

BAND = "rgba(95,147,172,.24)"
# The year once, under the first month of it: a phone has no room for it under each.
_DAYS = tuple({**stop, "value": "%b\n%Y"} if stop["dtickrange"] == ["M1", "M12"] else stop for stop in theme.DAYS)


@dataclass(frozen=True)
class Point:
    """One week (or block) of the gap: its first day (or days since the start), its size, limits where it has them, and the hover text."""

    day: dt.date | float
    value: float | None
    hover: str
    is_after: bool
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Dot:
    """One row of a dot-and-range chart. `label` stands beside its name; `is_quiet` rows are grey (thin, or not passed)."""

    name: str
    low: float | None
    best: float | None
    high: float | None
    label: str = ""
    hover: str = ""
    is_quiet: bool = False


def gap(
    points: Sequence[Point], start: dt.date, end: dt.date, *, band: tuple[float, float, float] | None, events: Sequence[Event], start_words: str, band_words: str = "",
    less: str = "", more: str = "", suffix: str = " %", height: int = 380,
) -> theme.Figure:  # fmt: skip
    """Draw the gap week by week: hollow before the start, filled since; the range of the estimate lies behind the weeks since the start.

    `band` is (low, best, high); without it (nothing may be claimed) only the points are drawn.
    """
    first = points[0].day if points else start
    values = [point.value for point in points if point.value is not None]
    reach = _reach([*values, *(band or ())])
    shapes, notes = _events(events, [point.day for point in points], end)
    traces: list[dict[str, Any]] = []
    if band:
        low, best, high = band
        shapes += [
            {"type": "rect", "x0": start, "x1": end, "y0": low, "y1": high, "fillcolor": BAND, "line": {"width": 0}, "layer": "below"},
            {"type": "line", "x0": start, "x1": end, "y0": best, "y1": best, "line": {"color": theme.MAIN, "width": 1.5, "dash": "dash"}, "layer": "below"},
        ]
        notes.append(theme.note(end, best, band_words.replace("\u00a0", " ").replace("\u2060", "").replace(" %", " %<br>", 1), xanchor="left", align="left", xshift=10, font={"size": 12, "color": theme.MAIN}))
    shapes += [_zero(horizontal=True), {"type": "line", "x0": start, "x1": start, "y0": 0, "y1": 0.94, "yref": "paper", "line": {"color": theme.INK, "width": 1.5}}]
    notes.append(theme.note(start, 0.94, f"<b>{start_words}</b>", yref="paper", yanchor="bottom", xanchor="right" if _late(start, first, end) else "left", font={"size": 12, "color": theme.INK}))
    notes += _directions(less, more)
    for is_after in (False, True):
        part = [point for point in points if point.is_after == is_after]
        traces.append(
            {
                "type": "scatter", "mode": "lines+markers", "x": [point.day for point in part], "y": [point.value for point in part], "hovertext": [point.hover for point in part], "hoverinfo": "text",
                "line": {"width": 1.2, "color": theme.MAIN if is_after else theme.QUIET}, "connectgaps": False, "cliponaxis": False,
                "marker": {"size": 8, "color": theme.MAIN if is_after else theme.PAPER, "symbol": "diamond" if is_after else "circle", "line": {"width": 1.8, "color": theme.MAIN if is_after else theme.QUIET}},
            }
        )  # fmt: skip
    shape = theme.layout(
        height, annotations=notes, shapes=shapes, margin={"l": 8, "r": 78 if band else 8, "t": 26, "b": 8},
        xaxis={"type": "date", "nticks": 6, "tickangle": 0, "tickformatstops": _DAYS, "range": [first - dt.timedelta(days=4), end + dt.timedelta(days=1)]},
        yaxis={"range": [-reach, reach], "ticksuffix": suffix, "nticks": 7},
    )  # fmt: skip
    return theme.figure(traces, shape)


def event_study(
    points: Sequence[Point], start: dt.date | float, *, start_words: str, reference_words: str, less: str = "", more: str = "", suffix: str = " %", x_words: str = "", height: int = 320,
) -> theme.Figure:  # fmt: skip
    """Draw each block against the last one before the start, with its 95 % limits. That reference has none and stands on zero.

    Days are dates, or all of them numbers: days since a start that is not the same for all.
    """
    is_dated = isinstance(start, dt.date)
    limits = [value for point in points for value in (point.low, point.high, point.value) if value is not None]
    reach = _reach(limits)
    traces, notes = [], _directions(less, more)
    for is_after in (False, True):
        part = [point for point in points if point.is_after == is_after and point.value is not None]
        colour = theme.MAIN if is_after else theme.QUIET
        traces.append(
            {
                "type": "scatter", "mode": "markers", "x": [point.day for point in part], "y": [point.value for point in part], "hovertext": [point.hover for point in part], "hoverinfo": "text", "cliponaxis": False,
                "marker": {"size": 10, "color": theme.MAIN if is_after else theme.PAPER, "symbol": "diamond" if is_after else "circle", "line": {"width": 2, "color": colour}},
                "error_y": {
                    "type": "data", "symmetric": False, "thickness": 2, "width": 0, "color": colour,
                    "array": [(point.high if point.high is not None else point.value) - point.value for point in part],
                    "arrayminus": [point.value - (point.low if point.low is not None else point.value) for point in part],
                },
            }
        )  # fmt: skip
    reference = next((point for point in reversed(points) if not point.is_after), None)
    if reference is not None and reference_words:
        notes.append(theme.note(reference.day, 0, reference_words, yshift=-16, xanchor="right", xshift=10, font={"size": 11, "color": theme.QUIET}))
    first, last = (points[0].day, points[-1].day) if points else (start, start)
    step = (points[1].day - points[0].day) if len(points) > 1 else dt.timedelta(days=28) if is_dated else 28
    notes.append(theme.note(start, 0.96, f"<b>{start_words}</b>", yref="paper", yanchor="bottom", xanchor="right" if _late(start, first, last + step) else "left", font={"size": 12, "color": theme.INK}))
    shape = theme.layout(
        height, annotations=notes, margin={"l": 8, "r": 8, "t": 24, "b": 8},
        shapes=[_zero(horizontal=True), {"type": "line", "x0": start, "x1": start, "y0": 0, "y1": 0.96, "yref": "paper", "line": {"color": theme.INK, "width": 1.5}}],
        xaxis={
            **({"type": "date", "tickformatstops": _DAYS} if is_dated else {"type": "linear"}), "nticks": 6, "tickangle": 0, "range": [first - step / 2, last + step / 2],
            **({"title": {"text": x_words, "font": {"size": 11}}} if x_words else {}),
        }, yaxis={"range": [-reach, reach], "ticksuffix": suffix, "nticks": 7},
    )  # fmt: skip
    return theme.figure(traces, shape)


def dots(
    rows: Sequence[Dot], *, suffix: str = " %", less: str = "", more: str = "", band: tuple[float, float] | None = None, mark: float | None = None, mark_words: str = "", row: int = 46,
) -> theme.Figure:  # fmt: skip
    """Draw one row a thing, in the order given: its range as a line, its best estimate as a dot, against zero.

    `band` shades a stretch behind all rows (the whole estimate's range); `mark` is a dashed line with its words.
    """
    sizes = [value for each in rows for value in (each.low, each.best, each.high) if value is not None]
    low, high = min([*sizes, *(band or ()), 0.0]), max([*sizes, *(band or ()), 0.0])
    room = (high - low or 1) * 0.06
    names = [str(number) for number in range(len(rows))]
    colours = [theme.QUIET if each.is_quiet else theme.MAIN for each in rows]
    traces = [
        {
            "type": "scatter", "mode": "lines", "x": [each.low, each.high], "y": [name, name], "line": {"width": 3, "color": colour}, "opacity": 0.55, "hoverinfo": "skip",
        }
        for each, name, colour in zip(rows, names, colours, strict=True) if each.low is not None and each.high is not None
    ]  # fmt: skip
    traces.append(
        {
            "type": "scatter", "mode": "markers", "x": [each.best for each in rows], "y": names, "hovertext": [each.hover for each in rows], "hoverinfo": "text", "cliponaxis": False,
            "marker": {"size": 11, "color": [theme.PAPER if each.is_quiet else theme.MAIN for each in rows], "symbol": ["circle" if each.is_quiet else "diamond" for each in rows], "line": {"width": 2, "color": colours}},
        }
    )  # fmt: skip
    shapes = [_zero(horizontal=False)]
    notes = [
        theme.note(0, name, f"{each.name}{f' · {each.label}' if each.label else ''}", xref="paper", xanchor="left", yshift=16, font={"size": 12, "color": theme.QUIET if each.is_quiet else theme.INK})
        for each, name in zip(rows, names, strict=True)
    ]
    if band:
        shapes.append({"type": "rect", "x0": band[0], "x1": band[1], "y0": 0, "y1": 1, "yref": "paper", "fillcolor": BAND, "line": {"width": 0}, "layer": "below"})
    if mark is not None:
        shapes.append({"type": "line", "x0": mark, "x1": mark, "y0": 0, "y1": 1, "yref": "paper", "line": {"color": theme.MAIN, "width": 1.5, "dash": "dash"}, "layer": "below"})
        notes.append(theme.note(mark, 1, mark_words, yref="paper", yanchor="bottom", xanchor="center", font={"size": 11, "color": theme.MAIN}))
    if low < 0:
        notes.append(theme.note(0, 0, less, xref="paper", yref="paper", xanchor="left", yanchor="top", yshift=-26, font={"size": 11, "color": theme.QUIET}))
    if high > 0 and more:
        notes.append(theme.note(1, 0, more, xref="paper", yref="paper", xanchor="right", yanchor="top", yshift=-26, font={"size": 11, "color": theme.QUIET}))
    shape = theme.layout(
        70 + row * max(len(rows), 1), annotations=notes, shapes=shapes, margin={"l": 8, "r": 8, "t": 18, "b": 44},
        xaxis={"range": [low - room, high + room], "ticksuffix": suffix, "gridcolor": theme.GRID, "showgrid": True, "nticks": 6, "tickangle": 0},
        yaxis={"type": "category", "autorange": False, "range": [len(rows) - 0.6, -0.75], "visible": False, "showgrid": False},
    )  # fmt: skip
    return theme.figure(traces, shape)


def trial_dates(gaps: Sequence[float], found: float, *, found_words: str, hover: str, less: str = "", more: str = "", suffix: str = " %") -> theme.Figure:
    """Draw what each trial date before the start showed, as stacked dots, and what the real start shows as one diamond. `hover` has {size}."""
    reach = _reach([*gaps, found])
    width = reach / 30
    heights: Counter[int] = Counter()
    x, y = [], []
    for size in sorted(gaps):
        place = round(size / width)
        heights[place] += 1
        x.append(place * width)
        y.append(heights[place])
    top = max([*heights.values(), 3]) + 1
    traces = [
        {
            "type": "scatter", "mode": "markers", "x": x, "y": y, "marker": {"size": 9, "color": theme.PAPER, "line": {"width": 1.8, "color": theme.QUIET}},
            "hovertext": [hover.format(size=f"{size:+.1f}".replace("-", "−")) for size in sorted(gaps)], "hoverinfo": "text",
        },
        {"type": "scatter", "mode": "markers", "x": [found], "y": [1], "marker": {"size": 13, "color": theme.MAIN, "symbol": "diamond"}, "hovertext": [found_words], "hoverinfo": "text"},
    ]  # fmt: skip
    notes = [theme.note(found, 1, f"<b>{found_words}</b>", yshift=20, xanchor="left" if found < -reach / 3 else "right" if found > reach / 3 else "center", font={"size": 12, "color": theme.MAIN})]
    notes += [theme.note(at, 0, words, xref="paper", yref="paper", xanchor=anchor, yanchor="top", yshift=-26, font={"size": 11, "color": theme.QUIET}) for at, words, anchor in ((0, less, "left"), (1, more, "right")) if words]
    shape = theme.layout(
        80 + 18 * top, annotations=notes, shapes=[_zero(horizontal=False)], margin={"l": 8, "r": 8, "t": 8, "b": 44},
        xaxis={"range": [-reach, reach], "ticksuffix": suffix, "nticks": 7, "tickangle": 0}, yaxis={"range": [0.2, top + 0.4], "visible": False, "showgrid": False},
    )  # fmt: skip
    return theme.figure(traces, shape)


def _reach(sizes: Sequence[float]) -> float:
    """The same room on both sides of zero, so that a fall and a rise of one size look alike."""
    largest = max((abs(size) for size in sizes if math.isfinite(size)), default=1.0) or 1.0
    return largest * 1.18


def _zero(horizontal: bool) -> dict[str, Any]:
    across = {"x0": 0, "x1": 1, "xref": "paper", "y0": 0, "y1": 0} if horizontal else {"y0": 0, "y1": 1, "yref": "paper", "x0": 0, "x1": 0}
    return {"type": "line", **across, "line": {"color": theme.QUIET, "width": 1.2}, "layer": "below"}


def _late(start: dt.date | float, first: dt.date | float, end: dt.date | float) -> bool:
    """Whether the start is so far to the right that its words have to stand left of it."""
    return end > first and (start - first) / (end - first) > 0.6


def _directions(less: str, more: str) -> list[dict[str, Any]]:
    return [
        theme.note(0.005, at, words, xref="paper", yref="paper", xanchor="left", yanchor=anchor, font={"size": 11, "color": theme.QUIET})
        for at, words, anchor in ((0.01, less, "bottom"), (0.93, more, "top")) if words
    ]  # fmt: skip


def _events(events: Sequence[Event], days: Sequence[dt.date], end: dt.date) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Bands of the calendar, numbered; their names stand below the figure, as on the other pages. Numbers too close to stand apart on a phone share one place."""
    shapes, places = [], []
    room = (end - days[0]).days / 14 if days else 0
    for number, event in enumerate(seen(days, events), start=1):
        first, last = max(event.first_day, days[0]), min(event.last_day, end)
        if (last - first).days >= 2:
            shapes.append({"type": "rect", "x0": first, "x1": last, "y0": 0, "y1": 0.94, "yref": "paper", "fillcolor": theme.GRID, "line": {"width": 0}, "layer": "below"})
        else:
            shapes.append({"type": "line", "x0": first, "x1": first, "y0": 0, "y1": 0.94, "yref": "paper", "line": {"color": theme.GRID, "width": 1.5}, "layer": "below"})
        if places and (first - places[-1][0]).days < room:
            places[-1][1].append((number, event.name))
        else:
            places.append((first, [(number, event.name)]))
    notes = [
        theme.note(day, 1, f"<b>{named[0][0]}{f'–{named[-1][0]}' if len(named) > 1 else ''}</b>", yref="paper", yanchor="bottom", hovertext="<br>".join(name for _number, name in named), font={"size": 12, "color": theme.QUIET})
        for day, named in places
    ]
    return shapes, notes
