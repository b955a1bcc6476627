"""Days a pilot needs against the size of the change it must show, one line a design, named where the chosen size cuts it. Numbers in, figure out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.views import theme

TICKS = (28, 56, 84, 182, 365, 730)
_SIZE_TICKS = (5, 10, 15, 20, 25)
_STYLES = ((theme.MAIN, "solid"), (theme.ACCENT, "dash"), (theme.QUIET, "dot"), (theme.SOFT, "dashdot"))
_APART = 0.085  # least distance of two labels, in log10 of days: about a line of text


@dataclass(frozen=True)
class Curve:
    """One design: days needed at each size (None: more than anybody would run), its label at the chosen size, and hover texts."""

    label: str
    days: Sequence[int | None]
    at_chosen: int | None
    hover: Sequence[str]


def days_by_size(sizes: Sequence[float], curves: Sequence[Curve], chosen: float, *, x_words: str, y_words: str, suffix: str, height: int = 380) -> theme.Figure:
    """Draw days (log) against the change in %. A label stands beside its line at the chosen size, on the side that has room."""
    traces: list[dict[str, Any]] = []
    for number, curve in enumerate(curves):
        colour, dash = _STYLES[number % len(_STYLES)]
        traces.append(
            {
                "type": "scatter", "mode": "lines", "x": list(sizes), "y": list(curve.days), "line": {"color": colour, "dash": dash, "width": 2.5, "shape": "linear"},
                "hovertext": list(curve.hover), "hoverinfo": "text", "name": curve.label, "connectgaps": False,
            }
        )  # fmt: skip
        if curve.at_chosen is not None:
            traces.append({"type": "scatter", "mode": "markers", "x": [chosen], "y": [curve.at_chosen], "marker": {"size": 9, "color": colour}, "hoverinfo": "skip"})
    is_left = chosen > (sizes[0] + sizes[-1]) / 2
    named = [number for number, curve in enumerate(curves) if curve.at_chosen is not None]
    notes = [
        theme.note(
            chosen, at, f"<b>{curves[number].label}</b>", xanchor="right" if is_left else "left", xshift=-8 if is_left else 8, bgcolor=theme.PAPER, opacity=0.92,
            font={"size": 12, "color": _STYLES[number % len(_STYLES)][0]},
        )
        for number, at in zip(named, theme.apart([math.log10(curves[number].at_chosen) for number in named], _APART), strict=True)
    ]  # fmt: skip
    shape = theme.layout(
        height, annotations=notes, margin={"t": 14, "r": 14},
        xaxis={"title": {"text": x_words, "font": {"size": 12}}, "range": [sizes[0] - 0.5, sizes[-1] + 0.5], "showgrid": False, "tickvals": list(_SIZE_TICKS), "ticktext": [f"{each}{suffix}" for each in _SIZE_TICKS]},
        yaxis={"type": "log", "title": {"text": y_words, "font": {"size": 12}}, "tickvals": list(TICKS), "ticktext": [str(each) for each in TICKS], "range": [math.log10(22), math.log10(760)]},
        shapes=[{"type": "line", "x0": chosen, "x1": chosen, "y0": 0, "y1": 1, "yref": "paper", "line": {"color": theme.QUIET, "width": 1, "dash": "dot"}, "layer": "below"}],
    )  # fmt: skip
    return theme.figure(traces, shape)
