"""The colours and the bare layout of every figure. Meaning is never carried by colour alone.

Streamlit replaces its own placeholder colours by those of .streamlit/config.toml in the reader's light or dark theme; figures
that use them follow the theme without a rerun. For paper, `resolve(figure, LIGHT)` puts real colours in their place.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import plotly.graph_objects as go
import plotly.io as pio
from plotly.basedatatypes import BaseFigure

# Placeholders of Streamlit's Plotly theme (streamlit/elements/lib/streamlit_plotly_theme.py).
MAIN, ACCENT, SOFT = "#000001", "#000002", "#000003"
RAMP = ("#000012", "#000014", "#000017", "#000020")  # four bands, quiet to strong, of the ten sequential colours
INK, PAPER = "#000037", "#000038"
CLEAR = "rgba(0,0,0,0)"
GRID, QUIET = "rgba(128,136,148,.22)", "#808894"
# Dates on an axis: day before month, the year only where the axis is long. Hours appear when there is room for nothing longer.
DAYS: tuple[dict[str, Any], ...] = (
    {"dtickrange": [None, 86_400_000 - 1], "value": "%H:%M\n%-d %b"}, {"dtickrange": [86_400_000, "M1"], "value": "%-d %b"},
    {"dtickrange": ["M1", "M12"], "value": "%b %Y"}, {"dtickrange": ["M12", None], "value": "%Y"},
)  # fmt: skip

LIGHT: dict[str, str] = {
    MAIN: "#0B5A7D", ACCENT: "#C4621A", SOFT: "#5FA3BD", "#000012": "#CFE0E8", "#000014": "#9BBDCD", "#000017": "#427D9A", "#000020": "#063A54",
    INK: "#1B2430", PAPER: "#FBFAF7",
}  # fmt: skip


def layout(height: int, **more: Any) -> dict[str, Any]:
    """A layout without frame, title, legend or zoom; axes carry only what is needed to read them."""
    base: dict[str, Any] = {
        "height": height, "margin": {"l": 8, "r": 8, "t": 8, "b": 8}, "paper_bgcolor": CLEAR, "plot_bgcolor": CLEAR, "showlegend": False, "dragmode": False,
        "hovermode": "closest", "font": {"size": 13}, "separators": more.pop("separators", ".,"), "clickmode": "event+select",
        "xaxis": {"showgrid": False, "zeroline": False, "fixedrange": True, "automargin": True}, "yaxis": {"gridcolor": GRID, "zeroline": False, "fixedrange": True, "automargin": True},
    }  # fmt: skip
    for name, value in more.items():
        base[name] = {**base[name], **value} if isinstance(base.get(name), dict) and isinstance(value, dict) else value
    return base


def note(x: Any, y: Any, text: str, **more: Any) -> dict[str, Any]:
    """A direct label beside the thing it names."""
    return {"x": x, "y": y, "text": text, "showarrow": False, "font": {"size": 12}, **more}


def apart(places: Sequence[float | None], least: float) -> list[float]:
    """Places for labels, moved up where they would lie closer than `least`; in the given order, 0 where there is none."""
    found, last = [0.0] * len(places), -math.inf
    for number in sorted((number for number, place in enumerate(places) if place is not None), key=lambda number: places[number]):
        found[number] = last = max(places[number], last + least)
    return found


class Figure(BaseFigure):
    """What Plotly draws, as plain dicts, in the place of a go.Figure, which checks and copies every value: 10 ms a chart. `checked` is that one, for tests and paper."""

    def __init__(self, traces: list[dict[str, Any]], shape: dict[str, Any]) -> None:
        # Not the parent's: its checks are what is left out.
        object.__setattr__(self, "_plain", {"data": traces, "layout": shape})

    def to_dict(self) -> dict[str, Any]:
        return {"data": self._plain["data"], "layout": {**self._plain["layout"], "template": _template(pio.templates.default)}}

    def checked(self) -> go.Figure:
        """The same as a go.Figure. Raises ValueError for anything Plotly does not know."""
        return go.Figure(self._plain, skip_invalid=False)

    @property
    def data(self) -> tuple:
        return self.checked().data

    @property
    def layout(self) -> go.Layout:
        return self.checked().layout


@lru_cache(maxsize=4)
def _template(name: str) -> dict[str, Any]:
    """The theme Streamlit gives every figure."""
    return pio.templates[name].to_plotly_json()


def figure(traces: list[dict[str, Any]], shape: dict[str, Any]) -> Figure:
    """A figure from plain dicts. Selected points keep their looks, others fade a little."""
    return Figure(traces, shape)


def resolve(drawn: Figure, colours: dict[str, str]) -> go.Figure:
    """Put real colours in place of the placeholders, for paper."""
    text = drawn.checked().to_json()
    for placeholder, colour in colours.items():
        text = text.replace(placeholder, colour)
    return go.Figure(json.loads(text))
