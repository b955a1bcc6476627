"""How turnaround is spread: a histogram on a logarithmic axis in four shades, one a band, with the points a manager quotes written on it.

Counts per bin in, figure out. The bins are 24 a decade of minutes (metrics dimension `turnaround_bin`), so the tail of bad days is seen as well
as the bulk. No Streamlit, no SQL.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from dashboard.views import theme

BINS_A_DECADE = 24
BAND_EDGES_MIN = (60, 120, 240)
TICKS_MIN = (15, 30, 60, 120, 240, 480, 1440)


def bin_start_min(index: int) -> float:
    """The minutes at which a bin begins."""
    return 10 ** (index / BINS_A_DECADE)


def _first_seen(bins: Sequence[tuple[int, int]], total: int) -> float:
    """The minutes the axis begins at: where the first half per mille of the visits lies, at least 5 and at most 30."""
    so_far = 0
    for index, n in bins:
        so_far += n
        if so_far / total > 0.0005:
            return min(max(bin_start_min(index), 5), 30)
    return 5


def band_of(minutes: float) -> int:
    return sum(minutes >= edge for edge in BAND_EDGES_MIN)


def histogram(
    bins: Sequence[tuple[int, int]], *, marks: Sequence[tuple[float, str]], ticks: Sequence[str], hover: Sequence[str], height: int = 300,
) -> theme.Figure:
    """Draw it. `bins`: (bin index, visits), in order; `marks`: (minutes, label) of median, p90, ...;
    `ticks`: words for TICKS_MIN; `hover`: one text a bin."""
    total = sum(n for _, n in bins) or 1
    # A bin is drawn in the colour of the band its middle lies in; the shares written above are exact, from the rows.
    starts = [bin_start_min(index) for index, _ in bins]
    middle = [bin_start_min(index + 0.5) for index, _ in bins]
    shares = [n / total * 100 for _, n in bins]
    top = max(shares, default=1)
    colours = [theme.RAMP[band_of(minutes)] for minutes in middle]
    trace: dict[str, Any] = {
        "type": "bar", "x": [math.log10(minutes) for minutes in middle], "y": shares, "width": 1 / BINS_A_DECADE * 0.92, "marker": {"color": colours, "line": {"width": 0}},
        "hovertext": list(hover), "hoverinfo": "text", "customdata": [[index] for index, _ in bins], "selected": {"marker": {"opacity": 1}}, "unselected": {"marker": {"opacity": 0.45}},
    }  # fmt: skip
    low, high = math.log10(_first_seen(bins, total)), math.log10(max(max(starts, default=600) * 1.15, 300))
    notes: list[dict[str, Any]] = []
    shapes = [{"type": "line", "x0": math.log10(edge), "x1": math.log10(edge), "y0": 0, "y1": 1.0, "yref": "paper", "line": {"color": theme.GRID, "width": 1}} for edge in BAND_EDGES_MIN]
    for number, (minutes, text) in enumerate(marks):
        at = math.log10(max(minutes, 1))
        shapes.append({"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1.02, "yref": "paper", "line": {"color": theme.ACCENT, "width": 1.5, "dash": "dot"}})
        notes.append(theme.note(at, 1.02, text, yref="paper", yanchor="bottom", xanchor="left" if number else "right", xshift=4 if number else -4, font={"size": 12, "color": theme.ACCENT}))
    shown = [(math.log10(tick), word) for tick, word in zip(TICKS_MIN, ticks, strict=True) if low <= math.log10(tick) <= high]
    shape = theme.layout(
        height, margin={"l": 8, "r": 8, "t": 26, "b": 8}, bargap=0, shapes=shapes, annotations=notes,
        xaxis={"range": [low, high], "tickmode": "array", "tickvals": [at for at, _ in shown], "ticktext": [word for _, word in shown], "ticks": "outside", "tickcolor": theme.GRID},
        yaxis={"visible": False, "range": [0, top * 1.05]},
    )  # fmt: skip
    return theme.figure([trace], shape)
