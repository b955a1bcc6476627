"""The figure of any question: lines over time, dots or bars of one split, a heatmap of two. Frames of keys in words in, figures out. No Streamlit, no SQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from dashboard.views import heatmap, theme
from dashboard.views.palette import BLUES

MOST_LINES, MOST_ROWS, MOST_CELLS = 6, 30, 900
# Lines of one figure: the theme's own colours first, all told apart by protanopia and deuteranopia, and named at their ends.
COLOURS: tuple[str, ...] = (theme.MAIN, theme.ACCENT, theme.SOFT, theme.QUIET, "#7A5C99", "#8A8D3C")


@dataclass(frozen=True)
class Mark:
    """One figure of a chart: its place, its value with limits if any, and what is said of it."""

    name: str
    value: float | None
    label: str
    hover: str
    low: float | None = None
    high: float | None = None
    is_thin: bool = False


def lines(series: Sequence[tuple[str, Sequence[dt.date | dt.datetime], Sequence[float | None], Sequence[str]]], *, suffix: str = "", separators: str = ".,", hollow: Collection[object] = (), height: int = 340) -> theme.Figure:
    """Draw one line a series of (name, times, values, hover texts); None breaks it, points of `hollow` times are rings. Names stand at the lines' ends and keep clear of each other."""
    traces: list[dict[str, Any]] = []
    for number, (name, times, values, hover) in enumerate(series):
        traces.append({
            "type": "scatter", "x": list(times), "y": list(values), "mode": "lines+markers", "line": {"color": COLOURS[number], "width": 2}, "marker": {"size": [9 if at in hollow else 5 for at in times] if len(times) < 120 else 3, "color": COLOURS[number], "symbol": ["circle-open" if at in hollow else "circle" for at in times], "line": {"width": [2 if at in hollow else 0 for at in times]}},
            "connectgaps": False, "cliponaxis": False, "name": name, **({"hovertext": list(hover), "hoverinfo": "text"} if hover else {"hoverinfo": "x+y"}),
        })  # fmt: skip
    ends = [next(((at, value) for at, value in zip(reversed(times), reversed(values), strict=True) if value is not None), None) for _, times, values, _ in series]
    tops = [value for _, _, values, _ in series for value in values if value is not None]
    reach = max((*tops, 0)) - min((*tops, 0)) or 1
    notes = [
        theme.note(end[0], place, f"<b>{series[number][0]}</b>", xanchor="left", xshift=8, font={"size": 12, "color": COLOURS[number]})
        for number, (end, place) in enumerate(zip(ends, theme.apart([None if end is None else end[1] for end in ends], reach * 17 / (height - 60)), strict=True)) if end is not None
    ]  # fmt: skip
    room = max((len(name) for name, *_ in series), default=4) * 7 + 16
    whole = [at for _, times, *_ in series for at in times]
    shape = theme.layout(
        height, separators=separators, margin={"l": 8, "r": min(room, 190), "t": 12, "b": 8}, annotations=notes, xaxis={"type": "date", "nticks": 6, "tickangle": 0, "tickformatstops": theme.DAYS, **({"range": [min(whole), max(whole)]} if len(set(whole)) > 1 else {})},
        yaxis={"rangemode": "tozero", "nticks": 6, "separatethousands": True, "exponentformat": "none", "ticksuffix": suffix},
    )  # fmt: skip
    return theme.figure(traces, shape)


def dots(marks: Sequence[Mark], *, suffix: str = "", separators: str = ".,", bars: bool = False) -> theme.Figure:
    """Draw one row a group in the order given: a bar from zero for what is counted, else a dot with its 95 % limits. Name and figures stand above each row, for phones."""
    names = [str(number) for number in range(len(marks))]  # two groups may bear one name
    colours = [theme.QUIET if mark.is_thin else theme.MAIN for mark in marks]
    top = max((value for mark in marks for value in (mark.value, mark.high) if value is not None), default=1) or 1
    low = min((value for mark in marks for value in (mark.value, mark.low) if value is not None), default=0)
    common: dict[str, Any] = {"y": names, "x": [mark.value for mark in marks], "hovertext": [mark.hover for mark in marks], "hoverinfo": "text"}
    if bars:
        trace = {**common, "type": "bar", "orientation": "h", "width": 0.32, "marker": {"color": colours}}
    else:
        trace = {
            **common, "type": "scatter", "mode": "markers", "marker": {"size": 11, "color": colours}, "cliponaxis": False,
            "error_x": {
                "type": "data", "symmetric": False, "thickness": 2, "width": 0, "color": theme.MAIN,
                "array": [(mark.high - mark.value) if None not in (mark.high, mark.value) else 0 for mark in marks], "arrayminus": [(mark.value - mark.low) if None not in (mark.low, mark.value) else 0 for mark in marks],
            },
        }  # fmt: skip
    notes = [
        theme.note(0, name, f"{mark.name} · {mark.label}", xref="paper", xanchor="left", yshift=16, font={"size": 12, "color": theme.QUIET if mark.is_thin else theme.INK})
        for name, mark in zip(names, marks, strict=True)
    ]
    shape = theme.layout(
        40 + 46 * max(len(marks), 1), separators=separators, annotations=notes, margin={"l": 8, "r": 8, "t": 26, "b": 8},
        xaxis={"range": [min(0, low * 1.06), top * 1.06], "gridcolor": theme.GRID, "nticks": 6, "separatethousands": True, "exponentformat": "none", "ticksuffix": suffix},
        yaxis={"autorange": "reversed", "showgrid": False, "type": "category", "visible": False},
    )  # fmt: skip
    return theme.figure([trace], shape)


def columns(marks: Sequence[Mark], *, suffix: str = "", separators: str = ".,", height: int = 300) -> theme.Figure:
    """Draw one upright bar a group of a clock or scale, in its order: hours, weekdays, steps of a scale."""
    names = [str(number) for number in range(len(marks))]
    step = -(-len(marks) // 12)
    trace = {
        "type": "bar", "x": names, "y": [mark.value for mark in marks], "marker": {"color": [theme.QUIET if mark.is_thin else theme.MAIN for mark in marks]}, "hovertext": [mark.hover for mark in marks], "hoverinfo": "text",
    }  # fmt: skip
    shape = theme.layout(
        height, separators=separators, bargap=0.25, margin={"l": 8, "r": 8, "t": 12, "b": 8}, xaxis={"type": "category", "tickvals": names[::step], "ticktext": [mark.name for mark in marks][::step], "tickangle": 0},
        yaxis={"rangemode": "tozero", "nticks": 6, "separatethousands": True, "exponentformat": "none", "ticksuffix": suffix},
    )  # fmt: skip
    return theme.figure([trace], shape)


def grid(cells: pl.DataFrame, rows: Sequence[str], across: Sequence[str], *, show: Callable[[float], str], about: Callable[[dict], str]) -> theme.Figure:
    """Draw two splits as a heatmap in five classes of equally many cells. `cells`: row, column (places in `rows` and `across`), value, n."""
    known = sorted(value for value in cells["value"].to_list() if value is not None)
    limits = [known[len(known) * part // 5] for part in range(1, 5)] if known else []
    numbers, step = list(range(len(across))), -(-len(across) // 8) if len(across) > 12 else 1  # labels of a phone
    labels = [f"{name}\u200a" if rows.count(name) == 1 else f"{name} {number + 1}" for number, name in enumerate(rows)]
    placed = cells.with_columns(pl.col("row").replace_strict(dict(enumerate(labels)), return_dtype=pl.String))
    written = (lambda cell: "" if cell["value"] is None else show(cell["value"])) if len(across) <= 14 else None
    return heatmap.count_heatmap(placed, labels, numbers, [(number, across[number]) for number in numbers[::step]], colours=BLUES, limits=limits, show=written, about=about)
