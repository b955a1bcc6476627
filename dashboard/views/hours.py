"""Curves over the hours of a day: trucks inside against capacity, trucks queuing. A frame of hours in, a figure out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from dashboard.views import theme
from dashboard.views.palette import ACCENT, GRID, SOFT, WARN


@dataclass(frozen=True)
class Words:
    """What the curve is called, in the reader's language."""

    typical: str
    busy: str
    unit: str
    limit: str = ""


def day_curve(hours: pl.DataFrame, words: Words, *, limit: float | None = None, ticks: Sequence[tuple[int, str]] = (), hover: Sequence[str] = (), height: int = 300) -> theme.Figure:
    """Draw the typical day (median over days) as a line and the busy day (p90) as the top of a soft band.

    `hours`: hour 0..23, typical, busy. `limit` is a capacity, drawn as a dashed line with its name. Hours without data leave a gap.
    """
    x = hours["hour"].to_list()
    data: list[dict] = [
        {"type": "scatter", "mode": "lines", "x": x, "y": hours["typical"].to_list(), "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False},
        {
            "type": "scatter", "mode": "lines", "x": x, "y": hours["busy"].to_list(), "name": words.busy, "fill": "tonexty", "fillcolor": SOFT,
            "line": {"width": 1, "color": ACCENT, "dash": "dot"}, "hoverinfo": "skip",
        },
        {
            "type": "scatter", "mode": "lines+markers", "x": x, "y": hours["typical"].to_list(), "name": words.typical, "line": {"width": 2.5, "color": ACCENT},
            "marker": {"size": 5}, "text": list(hover), "hoverinfo": "text" if hover else "x+y",
        },
    ]  # fmt: skip
    shapes, notes = [], []
    top = max([value for column in ("typical", "busy") for value in hours[column].to_list() if value is not None], default=0)
    if limit is not None and limit > 2.5 * max(top, 1):  # far above: said in words, or the curve would lie flat
        notes.append({"xref": "paper", "yref": "paper", "x": 1, "xanchor": "right", "y": 1, "yanchor": "top", "text": f"↑ {words.limit}", "showarrow": False, "font": {"color": WARN, "size": 12}})
    elif limit is not None:
        shapes.append({"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": limit, "y1": limit, "line": {"color": WARN, "dash": "dash", "width": 1.5}})
        notes.append({"xref": "paper", "x": 1, "xanchor": "right", "y": limit, "yanchor": "bottom", "text": words.limit, "showarrow": False, "font": {"color": WARN, "size": 12}})
        top = max(top, limit)
    layout = {
        "height": height, "margin": {"l": 8, "r": 8, "t": 30, "b": 8}, "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)",
        "xaxis": {"range": [-0.4, 23.4], "tickvals": [at for at, _ in ticks], "ticktext": [text for _, text in ticks], "showgrid": False, "zeroline": False},
        "yaxis": {"rangemode": "tozero", "range": [0, top * 1.15 or 1], "gridcolor": GRID, "automargin": True, "zeroline": False, "nticks": 5, "ticksuffix": ""},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}, "shapes": shapes, "annotations": notes, "hovermode": "closest",
    }  # fmt: skip
    return theme.figure(data, layout)
