"""Groups side by side: median with its interval, and the p90 that half the talk is about; n beside each. Never a ranking of thin data.

No Streamlit, no SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.views import theme


@dataclass(frozen=True)
class Group:
    """One group: its name, median with 95 % limits, p90, the text at the end of its row (figures and n), and whether it is too thin to lean on."""

    name: str
    code: str
    median: float | None
    low: float | None
    high: float | None
    p90: float | None
    label: str
    hover: str
    is_thin: bool = False


def dots(groups: Sequence[Group], *, median: str, p90: str, unit: str, row: int = 50) -> theme.Figure:
    """Draw one row a group, in the order given."""
    names = [group.name for group in groups]
    top = max((value for group in groups for value in (group.p90, group.high, group.median) if value is not None), default=60)
    codes = [[group.code] for group in groups]
    strong = [theme.QUIET if group.is_thin else theme.MAIN for group in groups]
    medians = {
        "type": "scatter", "mode": "markers", "x": [group.median for group in groups], "y": names, "marker": {"size": 11, "color": strong}, "customdata": codes,
        "hovertext": [group.hover for group in groups], "hoverinfo": "text", "cliponaxis": False, "unselected": {"marker": {"opacity": 0.45}},
        "error_x": {
            "type": "data", "symmetric": False, "thickness": 2, "width": 0, "color": theme.MAIN, "array": [(group.high or group.median or 0) - (group.median or 0) for group in groups],
            "arrayminus": [(group.median or 0) - (group.low or group.median or 0) for group in groups],
        },
    }  # fmt: skip
    tails = {
        **{key: value for key, value in medians.items() if key != "error_x"}, "x": [group.p90 for group in groups],
        "marker": {"size": 11, "color": theme.PAPER, "line": {"width": 2, "color": strong}, "symbol": "diamond"},
    }  # fmt: skip
    shapes = [
        {"type": "line", "x0": group.median, "x1": group.p90, "y0": group.name, "y1": group.name, "line": {"color": theme.GRID, "width": 3}, "layer": "below"}
        for group in groups if group.median is not None and group.p90 is not None
    ]  # fmt: skip
    # Name and figures stand above each row, not beside it: the same figure is read on a phone.
    notes = [
        theme.note(0, group.name, f"{group.name} · {group.label}", xref="paper", xanchor="left", yshift=17, font={"size": 12, "color": theme.QUIET if group.is_thin else theme.INK})
        for group in groups
    ]
    first = next((group for group in groups if group.median is not None and group.p90 is not None), None)
    if first:
        notes += [
            # Near an edge a centred word would leave the picture.
            theme.note(first.median, first.name, f"● {median}", yshift=-17, font={"size": 11, "color": theme.MAIN}, **({"xanchor": "left", "xshift": -6} if first.median < top * 0.15 else {})),
            theme.note(first.p90, first.name, f"◇ {p90}", yshift=-17, font={"size": 11, "color": theme.MAIN}, **({"xanchor": "right", "xshift": 6} if first.p90 > top * 0.85 else {})),
        ]
    shape = theme.layout(
        60 + row * max(len(groups), 1), annotations=notes, shapes=shapes, margin={"l": 8, "r": 8, "t": 30, "b": 8},
        xaxis={"range": [0, top * 1.08], "ticksuffix": f" {unit}", "gridcolor": theme.GRID, "nticks": 6},
        yaxis={"autorange": "reversed", "showgrid": False, "type": "category", "visible": False},
    )  # fmt: skip
    return theme.figure([tails, medians], shape)
