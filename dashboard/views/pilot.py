"""Shapes of before and since: the distribution of visit time by quantile, one panel an arm. No effect, no margin, no verdict is drawn here."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from dashboard.views import theme
from dashboard.views.palette import AFTER, BEFORE, GRID


def quantile_curves(curves: pl.DataFrame, panels: Sequence[tuple[str, str]], *, before: str, after: str, x_words: str, y_words: str, hover: str) -> theme.Figure:
    """Draw minutes against the share of trucks that took no longer, before (dashed) and since (solid), one panel an arm side by side.

    `curves`: arm_code, period_code (before, after), quantile 0..1, value. `panels` are (arm_code, title). `hover` has {share} and {value}.
    """
    gap = 0.06
    width = (1 - gap * (len(panels) - 1)) / max(len(panels), 1)
    layout: dict = {
        "height": 340, "margin": {"l": 8, "r": 8, "t": 56, "b": 8}, "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)",
        "legend": {"orientation": "h", "y": 1.12, "yanchor": "bottom", "x": 0}, "annotations": [], "hovermode": "closest",
    }  # fmt: skip
    data = []
    top = max((value for value in curves["value"].to_list() if value is not None), default=60) * 1.05
    for number, (arm, title) in enumerate(panels):
        suffix = "" if number == 0 else str(number + 1)
        start = number * (width + gap)
        layout[f"xaxis{suffix}"] = {
            "domain": [start, start + width], "range": [0, 1], "tickvals": [0.1, 0.5, 0.9], "ticktext": ["10 %", "50 %", "90 %"], "tickangle": 0, "fixedrange": True,
            "gridcolor": GRID, "zeroline": False, "anchor": f"y{suffix}", "title": {"text": x_words, "standoff": 4, "font": {"size": 12}},
        }  # fmt: skip
        layout[f"yaxis{suffix}"] = {
            "range": [0, top], "gridcolor": GRID, "zeroline": False, "anchor": f"x{suffix}", "automargin": True, "showticklabels": number == 0,
            "title": {"text": y_words if number == 0 else "", "font": {"size": 12}}, "nticks": 6,
        }  # fmt: skip
        layout["annotations"].append({"xref": "paper", "yref": "paper", "x": start, "xanchor": "left", "y": 1.01, "yanchor": "bottom", "text": f"<b>{title}</b>", "showarrow": False})
        for period, name, colour, dash in (("before", before, BEFORE, "dash"), ("after", after, AFTER, "solid")):
            part = curves.filter((pl.col("arm_code") == arm) & (pl.col("period_code") == period)).sort("quantile")
            data.append(
                {
                    "type": "scatter", "mode": "lines", "x": part["quantile"].to_list(), "y": part["value"].to_list(), "name": name, "xaxis": f"x{suffix}", "yaxis": f"y{suffix}",
                    "line": {"color": colour, "width": 2.5, "dash": dash}, "showlegend": number == 0, "hoverinfo": "text",
                    "hovertext": [f"{title} · {name}<br>" + hover.format(share=f"{share:.0%}", value=f"{value:.0f}") for share, value in part.select("quantile", "value").iter_rows()],
                }
            )  # fmt: skip
    return theme.figure(data, layout)
