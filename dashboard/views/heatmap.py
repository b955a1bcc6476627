"""Heatmaps drawn in classes, with thin cells greyed: congestion by zone and hour, means open by hour, coverage by source and day.

A frame of cells in, a figure out. A grey cell is known but rests on too little; an empty one has no data at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import polars as pl

from dashboard.views import theme
from dashboard.views.map import CLASSES, MIN_N, class_of

_FONT = {"size": 12}
_THIN = "rgba(140,150,165,.42)"  # the map's grey on light paper, and a quiet one on dark


def _steps(colours: Sequence[str]) -> list[list[object]]:
    """Return a Plotly colour scale of hard steps, one a colour."""
    size = len(colours)
    return [[edge / size, colour] for number, colour in enumerate(colours) for edge in (number, number + 1)]


def _grid(found: Mapping[tuple, object], rows: Sequence[object], columns: Sequence[object], default: object = None) -> list[list[object]]:
    """Lay the values of cells, by (row, column), out as the rows and columns of the figure."""
    return [[found.get((row, at), default) for at in columns] for row in rows]


def layout(height: int, **more: object) -> dict:
    """Return what every heatmap shares: no grid, first row on top, labels that do not turn."""
    return {
        "height": height, "margin": {"l": 8, "r": 8, "t": 8, "b": 8}, "font": _FONT, "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)",
        "yaxis": {"autorange": "reversed", "automargin": True, "showgrid": False, "ticks": ""}, "hoverlabel": {"align": "left"}, **more,
    }  # fmt: skip


def congestion_heatmap(
    cells: pl.DataFrame, rows: Sequence[str], columns: Sequence[int], ticks: Sequence[tuple[int, str]], *, about: Callable[[dict], str], bands: Sequence[int] = (),
) -> theme.Figure:  # fmt: skip
    """Draw the congestion index by class.

    `cells`: row, column, index, n. `about` makes the hover text of a cell. `ticks` are (column, words). `bands` are columns before which a day begins.
    """
    seen = {(cell["row"], cell["column"]): cell for cell in cells.iter_rows(named=True) if cell["n"]}
    classes = {at: number for at, cell in seen.items() if (number := class_of(cell["index"], cell["n"])) is not None}
    thin = {at: 1 for at in seen if at not in classes}
    # Each trace carries the words of its own cells only: the figure is half as long to send.
    words = [{at: about(seen[at]) for at in each} for each in (thin, classes)]
    common = {"type": "heatmap", "x": list(columns), "y": list(rows), "hoverinfo": "text", "showscale": False, "xgap": 0.6 if len(columns) > 60 else 1.5, "ygap": 2}
    grey = {**common, "text": _grid(words[0], rows, columns, ""), "z": _grid(thin, rows, columns), "colorscale": [[0, _THIN], [1, _THIN]], "zmin": 0, "zmax": 1}
    known = {**common, "text": _grid(words[1], rows, columns, ""), "z": _grid(classes, rows, columns), "colorscale": _steps([colour for _, colour in CLASSES]), "zmin": -0.5, "zmax": len(CLASSES) - 0.5}
    axis = {"tickvals": [at for at, _ in ticks], "ticktext": [text for _, text in ticks], "showgrid": False, "side": "top", "zeroline": False, "ticks": "", "range": [min(columns) - 0.5, max(columns) + 0.5]}
    shapes = [
        {"type": "line", "xref": "x", "yref": "paper", "x0": at - 0.5, "x1": at - 0.5, "y0": 0, "y1": 1, "line": {"width": 1, "color": "rgba(110,120,135,.65)"}}
        for at in bands
    ]
    return theme.figure([grey, known], layout(60 + 30 * max(len(rows), 3), xaxis=axis, shapes=shapes))


def count_heatmap(
    cells: pl.DataFrame, rows: Sequence[str], columns: Sequence[object], ticks: Sequence[tuple[object, str]], *, colours: Sequence[str], limits: Sequence[float],
    show: Callable[[dict], str] | None, about: Callable[[dict], str], row_height: int = 30,
) -> theme.Figure:  # fmt: skip
    """Draw a measured share by class: `cells` has row, column, value; class k holds from limits[k-1] on; `show` writes the figure in the cell."""
    known = {(cell["row"], cell["column"]): cell for cell in cells.iter_rows(named=True)}
    classes = {at: None if cell["value"] is None else sum(cell["value"] >= limit for limit in limits) for at, cell in known.items()}
    words = {at: about(cell) for at, cell in known.items()}
    shown = {at: show(cell) for at, cell in known.items()} if show else {}
    trace = {
        "type": "heatmap", "x": list(columns), "y": list(rows), "z": _grid(classes, rows, columns), "text": _grid(shown, rows, columns, ""),
        "hovertext": _grid(words, rows, columns, ""), "hoverinfo": "text", **({"texttemplate": "%{text}"} if show else {}),
        "colorscale": _steps(colours), "zmin": -0.5, "zmax": len(colours) - 0.5, "showscale": False, "xgap": 1.5, "ygap": 2,
    }  # fmt: skip
    axis = {"tickvals": [at for at, _ in ticks], "ticktext": [text for _, text in ticks], "showgrid": False, "side": "top", "zeroline": False, "ticks": ""}
    return theme.figure([trace], layout(48 + row_height * max(len(rows), 2), xaxis=axis))


__all__ = ["MIN_N", "congestion_heatmap", "count_heatmap", "layout"]
