"""Where the minutes go: mean minutes per visit, step after step, each starting where the one before ended. Means, because means of parts add up.

No Streamlit, no SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.views import theme


@dataclass(frozen=True)
class Part:
    """One step: mean minutes per visit of waiting and of the rest (service, or the way between points), and its label and hover text."""

    name: str
    wait_min: float
    other_min: float
    label: str
    hover: str
    code: str = ""
    is_travel: bool = False


def waterfall(parts: Sequence[Part], *, wait: str, service: str, travel: str, row: int = 34, above: bool = False) -> theme.Figure:
    """Draw the parts from the top down; waiting in the strong colour, service in the soft one, travel in grey, named in the key.

    `above` writes label and name, which may be cut, over each bar instead of beside it: long names then leave a phone its whole width for the bars.
    """
    names = [part.name for part in parts]
    starts, at = [], 0.0
    for part in parts:
        starts.append(at)
        at += part.wait_min + part.other_min
    total = at or 1.0
    waits = {
        "type": "bar", "orientation": "h", "y": names, "x": [part.wait_min for part in parts], "base": starts, "marker": {"color": theme.ACCENT}, "hovertext": [part.hover for part in parts],
        "hoverinfo": "text", "customdata": [[part.code] for part in parts], "unselected": {"marker": {"opacity": 0.45}},
    }  # fmt: skip
    others = {
        **waits, "x": [part.other_min for part in parts], "base": [start + part.wait_min for start, part in zip(starts, parts, strict=True)],
        "marker": {"color": [theme.QUIET if part.is_travel else theme.SOFT for part in parts]},
    }  # fmt: skip
    notes: list[dict[str, Any]] = []
    for start, part in zip(starts, parts, strict=True):
        if above:
            notes.append(theme.note(0, part.name, f"<b>{part.label}</b> · {part.name}", xanchor="left", yshift=0.38 * row))
            continue
        end = start + part.wait_min + part.other_min
        # The label stands after its bar, or before it where the figure would end.
        beside = {"x": end, "xanchor": "left", "xshift": 5} if end < 0.55 * total or start < 0.3 * total else {"x": start, "xanchor": "right", "xshift": -5}
        notes.append(theme.note(beside.pop("x"), part.name, part.label, **beside))
    keys = [(wait, theme.ACCENT), (service, theme.SOFT), (travel, theme.QUIET)]
    words = "   ".join(f'<span style="color:{colour}">■</span> {name}' for name, colour in keys)
    notes.append(theme.note(1, 1, words, xref="paper", yref="paper", xanchor="right", yanchor="bottom", yshift=4))
    shape = theme.layout(
        44 + row * max(len(parts), 2), barmode="overlay", bargap=0.64 if above else 0.36, annotations=notes, margin={"l": 8, "r": 8, "t": 30, "b": 4},
        xaxis={"visible": False, "range": [0, total * 1.02]}, yaxis={"autorange": "reversed", "showgrid": False, "ticks": "", "type": "category", "showticklabels": not above},
    )  # fmt: skip
    return theme.figure([waits, others], shape)
