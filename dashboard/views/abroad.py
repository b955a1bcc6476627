"""One definition's figures in rows: what Casablanca shows by it, with its interval; what the whole visit takes; what was published. Names and figures stand in the rows.

No Streamlit, no SQL. Nothing is sorted by size: a published figure is a mark, not a rank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.views import theme

# How a published figure is drawn and what stands before its words.
SIGNS: dict[str, tuple[str, str]] = {"measured": ("diamond-open", "◇"), "below": ("triangle-left-open", "◁"), "goal": ("triangle-up-open", "△"), "design": ("square-open", "□")}
WHOLE_SIGN = "○"
_TEXT, _STRIP, _GAP = 17, 20, 16


@dataclass(frozen=True)
class Mark:
    """One published figure: value, its words (figure, port, when) and its nature (a key of SIGNS)."""

    value: float
    text: str
    nature: str = "measured"


@dataclass(frozen=True)
class Row:
    """One figure: ours with its 95 % limits, its words above (name and value) and below (limits and n); the whole visit by the same statistic with its words, or none; the marks.

    `is_thin`: too few rows to lean on.
    """

    value: float | None
    text: str
    below: str
    low: float | None = None
    high: float | None = None
    whole: float | None = None
    whole_text: str = ""
    marks: tuple[Mark, ...] = ()
    is_thin: bool = False


def rows(found: Sequence[Row], *, unit: str) -> theme.Figure:
    """Draw the rows from top to bottom on one axis that begins at zero; one unit of the hidden axis is one pixel, so that text and dots keep their distance."""
    top = max((value for row in found for value in (row.value, row.high, row.whole, *(mark.value for mark in row.marks)) if value is not None), default=1) or 1
    traces, notes, lines, at = [], [], [], 4
    for row in found:
        colour = theme.QUIET if row.is_thin else theme.MAIN
        strip = at + _TEXT + _STRIP // 2
        notes.append(_words(at, row.text, theme.QUIET if row.is_thin else theme.INK))
        lines.append({"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": strip, "y1": strip, "line": {"color": theme.GRID, "width": 1}, "layer": "below"})
        if row.whole is not None:
            traces.append(_dot(row.whole, strip, {"size": 10, "color": theme.PAPER, "symbol": "circle", "line": {"width": 2, "color": colour}}, row.whole_text))
        for mark in row.marks:
            traces.append(_dot(mark.value, strip, {"size": 11, "color": theme.ACCENT, "symbol": SIGNS[mark.nature][0], "line": {"width": 2}}, mark.text))
        if row.value is not None:
            limits = {"type": "data", "symmetric": False, "thickness": 3, "width": 0, "color": colour, "array": [(row.high or row.value) - row.value], "arrayminus": [row.value - (row.low or row.value)]}
            traces.append(_dot(row.value, strip, {"size": 11, "color": colour}, f"{row.text}<br>{row.below}") | {"error_x": limits})
        at += _TEXT + _STRIP
        for text, ink in ((row.below, theme.QUIET), *((f"{SIGNS[mark.nature][1]} {mark.text}", theme.ACCENT) for mark in row.marks), *(((f"{WHOLE_SIGN} {row.whole_text}", theme.MAIN),) if row.whole is not None else ())):
            notes.append(_words(at, text, ink))
            at += _TEXT
        at += _GAP
    shape = theme.layout(
        at + 30, annotations=notes, shapes=lines, margin={"l": 8, "r": 8, "t": 2, "b": 28},
        xaxis={"range": [0, top * 1.06], "ticksuffix": f" {unit}", "nticks": 6, "gridcolor": theme.GRID}, yaxis={"range": [at, 0], "visible": False},
    )  # fmt: skip
    return theme.figure(traces, shape)


def _dot(x: float, y: float, marker: dict, hover: str) -> dict:
    return {"type": "scatter", "mode": "markers", "x": [x], "y": [y], "marker": marker, "hovertext": [hover], "hoverinfo": "text", "cliponaxis": False}


def _words(at: float, text: str, ink: str) -> dict:
    # A figure is drawn from left to right in every language: a line of its own direction (U+2068 to U+2069) keeps Arabic words and figures in their order.
    return theme.note(0, at, f"\u2068{text}\u2069", xref="paper", xanchor="left", yanchor="top", font={"size": 12, "color": ink})
