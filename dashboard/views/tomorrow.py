"""Trucks by hour of one day against the limit of that hour, and the daily errors of two ways to tell them. Frames in, figures out; no Streamlit, no SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from dashboard.views import theme
from dashboard.views.palette import ACCENT, GRID, QUIET, WARN

_TICKS = tuple(range(0, 24, 3))


@dataclass(frozen=True)
class Words:
    """What is drawn, in the reader's language; `told` is empty where the bars themselves are what was told."""

    bars: str
    over: str
    limit: str
    told: str = ""


def day_hours(hours: pl.DataFrame, words: Words, *, hover: Sequence[str] = (), height: int = 320, hour_word: str = "h") -> theme.Figure:
    """Draw one bar an hour, those over the limit in another colour and marked by a triangle; the limit as a dashed step, and as points what had been told.

    `hours`: hour 0..23, value, limit (null where none is known), is_over, told (optional). Hours come in order.
    """
    x, values, limits = hours["hour"].to_list(), hours["value"].to_list(), hours["limit"].to_list()
    is_over = hours["is_over"].fill_null(False).to_list()
    texts = list(hover) if hover else [""] * len(x)
    shared = {"type": "bar", "hoverinfo": "text", "width": 0.72}
    data: list[dict] = [
        {**shared, "name": name, "x": [at for at, over in zip(x, is_over, strict=True) if over == which], "y": [v for v, over in zip(values, is_over, strict=True) if over == which],
         "hovertext": [text for text, over in zip(texts, is_over, strict=True) if over == which], "marker": {"color": colour},
         **({"text": ["▲"] * sum(is_over), "textposition": "outside", "cliponaxis": False} if which else {})}
        for name, which, colour in ((words.bars, False, ACCENT), (words.over, True, WARN)) if not which or any(is_over)
    ]  # fmt: skip
    if any(limit is not None for limit in limits):
        # A step from the left edge of the first bar to the right edge of the last.
        data.append({
            "type": "scatter", "mode": "lines", "name": words.limit, "x": [edge for at in x for edge in (at - 0.5, at + 0.5)], "y": [limit for limit in limits for _ in range(2)],
            "line": {"dash": "dash", "width": 1.5, "color": QUIET}, "hoverinfo": "skip",
        })  # fmt: skip
    if words.told:
        data.append({
            "type": "scatter", "mode": "markers", "name": words.told, "x": x, "y": hours["told"].to_list(), "marker": {"symbol": "diamond", "size": 9, "color": theme.INK, "line": {"width": 1.5, "color": theme.PAPER}}, "hoverinfo": "skip",
        })  # fmt: skip
    known = [value for column in ("value", "limit", *(("told",) if words.told else ())) for value in hours[column].to_list() if value is not None]
    shape = theme.layout(
        height, barmode="overlay", showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}, margin={"l": 8, "r": 8, "t": 30, "b": 8},
        xaxis={"range": [-0.6, 23.6], "tickvals": list(_TICKS), "ticktext": [f"{hour} {hour_word}" for hour in _TICKS]}, yaxis={"range": [0, max(known, default=1) * 1.18 or 1], "nticks": 6},
    )  # fmt: skip
    return theme.figure(data, shape)


def errors_by_day(days: pl.DataFrame, method: str, week_ago: str, *, hover: Sequence[str] = (), height: int = 240) -> theme.Figure:
    """Draw the mean absolute error of each day, of the method and of "as a week ago". `days`: day, off, off_week_ago."""
    x = days["day"].to_list()
    data = [
        {"type": "scatter", "mode": "lines", "name": week_ago, "x": x, "y": days["off_week_ago"].to_list(), "line": {"color": QUIET, "width": 1.5, "dash": "dot"}, "hoverinfo": "skip"},
        {"type": "scatter", "mode": "lines+markers", "name": method, "x": x, "y": days["off"].to_list(), "line": {"color": ACCENT, "width": 2.5}, "marker": {"size": 6}, "hovertext": list(hover), "hoverinfo": "text" if hover else "y"},
    ]  # fmt: skip
    shape = theme.layout(
        height, showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}, margin={"l": 8, "r": 8, "t": 30, "b": 8},
        xaxis={"tickformatstops": list(theme.DAYS), "nticks": 6}, yaxis={"rangemode": "tozero", "gridcolor": GRID, "nticks": 5},
    )  # fmt: skip
    return theme.figure(data, shape)
