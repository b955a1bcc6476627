"""Ranked horizontal bars with their names and figures written above them, and before/after pairs (dumbbells). Frames in, figures out."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from dashboard import format as words
from dashboard.views import theme
from dashboard.views.palette import ACCENT, AFTER, BEFORE, GRID, QUIET


def ranked_bars(rows: pl.DataFrame, *, hover: Sequence[str] = (), colour: str = ACCENT, height_a_row: int = 44) -> theme.Figure:
    """Draw one bar a row, longest on top. `rows`: name, value, label (after the name, above the bar: a phone has room for both), is_quiet (drawn grey: thin data)."""
    ordered = rows.reverse()
    top = max((value for value in rows["value"].to_list() if value is not None), default=1) or 1
    trace = {
        "type": "bar", "orientation": "h", "y": ordered["name"].to_list(), "x": ordered["value"].to_list(), "width": 0.32,
        "marker": {"color": [QUIET if quiet else colour for quiet in ordered["is_quiet"].to_list()]}, "hovertext": list(reversed(hover)),
        "hoverinfo": "text" if hover else "none",
    }  # fmt: skip
    notes = [
        theme.note(0, name, words.from_right(f"{name} · {label}", label), xref="paper", xanchor="left", yshift=16, font={"size": 12, "color": theme.INK})
        for name, label in ordered.select("name", "label").iter_rows()
    ]
    layout = {
        "height": 24 + height_a_row * max(rows.height, 2), "margin": {"l": 8, "r": 8, "t": 22, "b": 2}, "annotations": notes, "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)", "xaxis": {"visible": False, "range": [0, top * 1.02], "fixedrange": True}, "yaxis": {"visible": False, "type": "category", "fixedrange": True},
    }  # fmt: skip
    return theme.figure([trace], layout)


def dumbbells(rows: pl.DataFrame, *, before: str, after: str, suffix: str = "", hover: Sequence[tuple[str, str]] = (), height_a_row: int = 40) -> theme.Figure:
    """Draw one pair a row: hollow where it was before, filled where it is since, joined by a thin line. `rows`: name, before, after."""
    ordered = rows.reverse()
    names = ordered["name"].to_list()
    links = [
        {"type": "line", "x0": old, "x1": new, "y0": name, "y1": name, "line": {"color": QUIET, "width": 2}, "layer": "below"}
        for name, old, new in zip(names, ordered["before"].to_list(), ordered["after"].to_list(), strict=True)
        if old is not None and new is not None
    ]
    texts = [list(reversed([pair[side] for pair in hover])) for side in (0, 1)] if hover else [[], []]
    common = {"type": "scatter", "mode": "markers", "y": names, "hoverinfo": "text" if hover else "x"}
    data = [
        {**common, "x": ordered["before"].to_list(), "name": before, "hovertext": texts[0], "marker": {"size": 12, "color": "rgba(255,255,255,1)", "symbol": "circle", "line": {"width": 3, "color": BEFORE}}},
        {**common, "x": ordered["after"].to_list(), "name": after, "hovertext": texts[1], "marker": {"size": 12, "color": AFTER, "symbol": "diamond"}},
    ]
    layout = {
        "height": 70 + height_a_row * max(rows.height, 2), "margin": {"l": 8, "r": 16, "t": 34, "b": 8}, "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)",
        "xaxis": {"rangemode": "tozero", "gridcolor": GRID, "ticksuffix": suffix, "showticksuffix": "last", "zeroline": False, "nticks": 6, "tickangle": 0, "fixedrange": True},
        "yaxis": {"automargin": True, "ticks": "", "showgrid": True, "gridcolor": GRID, "type": "category"},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}, "shapes": links, "hovermode": "closest",
    }  # fmt: skip
    return theme.figure(data, layout)
