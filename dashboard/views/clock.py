"""Who holds the clock: the hours of all declarations after the goods came, one bar a stage, in the colour and name of the party whose act ends it; and shares with their limits.

No Streamlit, no SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from dashboard.views import theme

# Five parties in colours that stay apart for protanopia and deuteranopia; each bar names its party too.
PARTIES: dict[str, str] = {"trader": "#C4621A", "agent": "#E9C98A", "customs": "#1F6A93", "other_agency": "#7B6BA8", "terminal": "#8CC0D8"}


@dataclass(frozen=True)
class Share:
    """One bar or dot: what, whose colour (empty: the main one), share of 0 to 1 with limits, its text, and whether it is too thin to lean on."""

    name: str
    value: float | None
    label: str
    hover: str
    party: str = ""
    low: float | None = None
    high: float | None = None
    code: str = ""
    is_thin: bool = False


def bars(shares: Sequence[Share], *, row: int = 46) -> go.Figure:
    """Draw one bar a stage, in the order given, name and figures above it so that a phone can read it."""
    names, top = [share.name for share in shares], max((share.value or 0 for share in shares), default=0) or 1
    trace = {
        "type": "bar", "orientation": "h", "y": names, "x": [share.value for share in shares], "width": 0.32, "marker": {"color": [PARTIES.get(share.party, theme.MAIN) for share in shares]},
        "hovertext": [share.hover for share in shares], "hoverinfo": "text",
    }  # fmt: skip
    notes = [theme.note(0, share.name, f"{share.name} · {share.label}", xref="paper", xanchor="left", yshift=16, font={"size": 12, "color": theme.INK}) for share in shares]
    shape = theme.layout(
        30 + row * max(len(shares), 1), annotations=notes, margin={"l": 8, "r": 8, "t": 22, "b": 2},
        xaxis={"visible": False, "range": [0, top * 1.02]}, yaxis={"autorange": "reversed", "visible": False, "type": "category"},
    )  # fmt: skip
    return theme.figure([trace], shape)


def rates(shares: Sequence[Share], *, row: int = 46) -> go.Figure:
    """Draw one share a row with its 95 % limits, on an axis of percent that begins at zero."""
    names, top = [share.name for share in shares], max((share.high or share.value or 0 for share in shares), default=0) or 0.01
    colours = [theme.QUIET if share.is_thin else theme.MAIN for share in shares]
    trace = {
        "type": "scatter", "mode": "markers", "y": names, "x": [None if share.value is None else share.value * 100 for share in shares], "marker": {"size": 10, "color": colours},
        "hovertext": [share.hover for share in shares], "hoverinfo": "text", "cliponaxis": False,
        "error_x": {
            "type": "data", "symmetric": False, "thickness": 2, "width": 0, "color": theme.MAIN, "array": [((share.high or 0) - (share.value or 0)) * 100 for share in shares],
            "arrayminus": [((share.value or 0) - (share.low or 0)) * 100 for share in shares],
        },
    }  # fmt: skip
    notes = [
        theme.note(0, share.name, f"{share.name} · {share.label}", xref="paper", xanchor="left", yshift=16, font={"size": 12, "color": theme.QUIET if share.is_thin else theme.INK})
        for share in shares
    ]
    shape = theme.layout(
        56 + row * max(len(shares), 1), annotations=notes, margin={"l": 8, "r": 8, "t": 22, "b": 8},
        xaxis={"range": [0, top * 106], "ticksuffix": " %", "gridcolor": theme.GRID, "showgrid": True, "nticks": 6}, yaxis={"autorange": "reversed", "visible": False, "type": "category"},
    )  # fmt: skip
    return theme.figure([trace], shape)
