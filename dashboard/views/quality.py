"""Pictures of the ledger: rejected lines by day and reason. Frames in, figures out."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from dashboard.views import theme
from dashboard.views.palette import GRID, KINDS


def stacked_days(rows: pl.DataFrame, kinds: Sequence[tuple[str, str]], *, unit: str, height: int = 280) -> theme.Figure:
    """Draw counts by day, one colour a kind, the most frequent at the bottom. `rows`: day, kind, n. `kinds` are (kind, words)."""
    data = []
    for number, (kind, words) in enumerate(kinds):
        part = rows.filter(pl.col("kind") == kind).sort("day")
        data.append(
            {
                "type": "bar", "x": [day.isoformat() for day in part["day"].to_list()], "y": part["n"].to_list(), "name": words, "marker": {"color": KINDS[number % len(KINDS)]},
                "hovertemplate": f"%{{x}} · {words}: %{{y}} {unit}<extra></extra>",
            }
        )  # fmt: skip
    layout = {
        "height": height + 14 * max(len(kinds) - 3, 0), "barmode": "stack", "bargap": 0.15, "margin": {"l": 8, "r": 8, "t": 8, "b": 8}, "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)", "xaxis": {"type": "date", "showgrid": False, "tickformat": "%-d %b", "fixedrange": True}, "yaxis": {"gridcolor": GRID, "automargin": True, "rangemode": "tozero", "nticks": 5},
        "legend": {"orientation": "h", "y": -0.15, "yanchor": "top", "x": 0},
    }  # fmt: skip
    return theme.figure(data, layout)
