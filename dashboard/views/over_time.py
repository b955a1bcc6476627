"""Percentiles over time with named events: two lines, their names at their ends, events numbered on the figure. No Streamlit, no SQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.views import theme


@dataclass(frozen=True)
class Line:
    """One line: its name, colour, width, values (None breaks it) and hover texts."""

    name: str
    values: Sequence[float | None]
    hover: Sequence[str]
    colour: str = theme.MAIN
    width: float = 2


@dataclass(frozen=True)
class Event:
    """One named period of the calendar; drawn where it meets the time shown."""

    first_day: dt.date
    last_day: dt.date
    name: str


_NEAR = 0.06  # of the time shown: numbers of two events nearer than this would overlap on a phone


def seen(days: Sequence[dt.date], events: Sequence[Event]) -> list[Event]:
    """The events that meet the time shown, in the order of their numbers on the figure. Their names stand below it: on a phone there is no room above."""
    if not days:
        return []
    step = (days[1] - days[0]) if len(days) > 1 else dt.timedelta(days=1)
    return [event for event in events if event.last_day >= days[0] and event.first_day <= days[-1] + step]


def lines(days: Sequence[dt.date], drawn: Sequence[Line], events: Sequence[Event], *, unit: str, height: int = 340, band: tuple[Sequence, Sequence] | None = None) -> theme.Figure:
    """Draw lines over days. `band`: two rows of values between which the plane is shaded (the middle half of the visits).

    Days go in as text: for a date Plotly's encoder looks at a pandas that another thread may just be importing, and fails.
    """
    at = [day.isoformat() for day in days]
    midnight = dt.time()  # half a day before a date is no date
    traces: list[dict[str, Any]] = []
    if band:
        common = {"type": "scatter", "x": at, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "connectgaps": False}
        traces += [{**common, "y": list(band[0])}, {**common, "y": list(band[1]), "fill": "tonexty", "fillcolor": "rgba(95,147,172,.18)"}]
    notes: list[dict[str, Any]] = []
    for line in drawn:
        traces.append(
            {
                "type": "scatter", "x": at, "y": list(line.values), "mode": "lines+markers", "line": {"color": line.colour, "width": line.width}, "marker": {"size": 5, "color": line.colour},
                "hovertext": list(line.hover), "hoverinfo": "text", "customdata": [[day] for day in at], "connectgaps": False, "name": line.name,
                "unselected": {"marker": {"opacity": 0.4}},
            }
        )  # fmt: skip
        last = next(((day, value) for day, value in zip(reversed(at), reversed(line.values), strict=True) if value is not None), None)
        if last:
            notes.append(theme.note(last[0], last[1], f"<b>{line.name}</b>", xanchor="left", xshift=8, font={"size": 12, "color": line.colour}))
    shapes: list[dict[str, Any]] = []
    step = (days[1] - days[0]) if len(days) > 1 else dt.timedelta(days=1)
    before, level, highest = None, 0, 0
    for number, event in enumerate(seen(days, events), start=1):
        first, last = max(event.first_day, days[0]), min(event.last_day, days[-1] + step)
        if last - first >= dt.timedelta(days=2):
            shapes.append({"type": "rect", "x0": first.isoformat(), "x1": last.isoformat(), "y0": 0, "y1": 1, "yref": "paper", "fillcolor": theme.GRID, "line": {"width": 0}, "layer": "below"})
        else:
            shapes.append({"type": "line", "x0": first.isoformat(), "x1": first.isoformat(), "y0": 0, "y1": 1, "yref": "paper", "line": {"color": theme.QUIET, "width": 1, "dash": "dot"}, "layer": "below"})
        # On a phone a year is 300 px wide: a number too near the one before stands a line higher.
        level = (level + 1) % 3 if before is not None and first - before < _NEAR * (days[-1] + step - days[0]) else 0
        before, highest = first, max(highest, level)
        notes.append(theme.note(first.isoformat(), 1, f"<b>{number}</b>", yref="paper", yanchor="bottom", yshift=13 * level, hovertext=event.name, font={"size": 12, "color": theme.QUIET}))
    room = max((len(line.name) for line in drawn), default=4) * 7 + 16
    end = step if before is not None and before > days[-1] + step / 2 else step / 2  # an event late in the last month has its mark too
    shape = theme.layout(
        height, margin={"l": 8, "r": room, "t": 24 + 13 * highest, "b": 8}, annotations=notes, shapes=shapes,
        xaxis={"type": "date", "nticks": 5, "tickangle": 0, "tickformatstops": theme.DAYS, "range": [(dt.datetime.combine(day, midnight) + half).isoformat() for day, half in ((days[0], -step / 2), (days[-1], end))] if days else None}, yaxis={"rangemode": "tozero", "ticksuffix": f" {unit}", "nticks": 6},
    )  # fmt: skip
    return theme.figure(traces, shape)
