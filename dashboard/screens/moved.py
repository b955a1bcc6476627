"""How figures moved: lines by day, week or month with the named events of the calendar and the long entries of the logbook on them, numbered, and their names below.

One way for every page that has time on an axis. The page asks its figures over `period(page)` by `grain(...)` and hands the answer in.
"""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import polars as pl

from dashboard import format as words
from dashboard.metrics import Result
from dashboard.selection import Selection
from dashboard.views import over_time, theme
from dashboard.widgets import chart
from dashboard.widgets.frame import Frame
from etl.contracts.codes import LOGBOOK

DAYS_BY_DAY, DAYS_BY_WEEK = 45, 400
LEAST_N = 10  # rows under which a point is left out
LONG_MIN = 120  # a logbook entry this long can be seen in a day's figures; shorter ones would bury the rest


@dataclass(frozen=True)
class Curve:
    """One line: the metric it shows, its name on the figure, colour and width."""

    code: str
    name: str
    colour: str = theme.MAIN
    width: float = 2


def grain(days: int) -> str:
    return "day" if days <= DAYS_BY_DAY else "week" if days <= DAYS_BY_WEEK else "month"


def period(page: Frame) -> Selection:
    """The period itself; a period under two weeks gets four weeks, because two points are no curve."""
    selection = page.selection
    return selection if selection.days >= 14 else replace(selection, first_day=selection.end_day - dt.timedelta(days=28), period="custom")


def events(page: Frame, asked: Selection) -> list[over_time.Event]:
    """The site's calendar, and in the period asked closures, outages, strikes and incidents of the logbook of two hours or more on days the calendar names no incident or strike for."""
    calendar = page.store.table("dim_calendar").sort("from_on").to_dicts()
    told = [(row["from_on"], row["to_on"]) for row in calendar if row["calendar_code"] in ("incident", "strike")]
    found = [over_time.Event(row["from_on"], row["to_on"], words.name(row.get(f"name_{page.lang}") or row["name_en"])) for row in calendar]
    for row in logged(page, asked).to_dicts():
        first, last = row["started_local_at"], row["ended_local_at"]
        if last is not None and last - first >= dt.timedelta(minutes=LONG_MIN) and not any(start <= last.date() and first.date() <= end for start, end in told):
            name = words.listed(filter(None, (page.say(LOGBOOK.codes.get(row["logbook_code"], row["logbook_code"])), page.place(row["place_code"]))), page.lang)
            found.append(over_time.Event(first.date(), last.date(), name))
    return sorted(found, key=lambda event: (event.first_day, event.last_day))


def logged(page: Frame, asked: Selection | None = None) -> pl.DataFrame:
    """The logbook's entries over the time shown, tickets of single trucks left out: the whole port's, whatever the filters."""
    asked = asked or period(page)
    return page.store.rows("incidents", Selection(asked.port, asked.first_day, asked.end_day))


def below(page: Frame, days: Sequence[dt.date], found: Sequence[over_time.Event]) -> str:
    """HTML of the events that meet these days, in the order of their numbers on the figure; empty without any."""
    items = "".join(f"<li><b>{number}</b> {html.escape(event.name)} <span>{html.escape(_days(event, page.lang))}</span></li>" for number, event in enumerate(over_time.seen(days, found), start=1))
    return f'<ol class="events">{items}</ol>' if items else ""


def show(
    page: Frame, result: Result, curves: Sequence[Curve], *, key: str, title: str, finding: str, unit: str, n_words: str, scale: float = 1.0,
    said: Callable[[float | None], str] | None = None, band: tuple[str, str] | None = None, pick: Callable[[str], str] | None = None, until: dt.date | None = None,
) -> object:  # fmt: skip
    """Draw the curves of a result by time with the events, and return what was picked.

    scale   what values are multiplied by for the axis, whose unit is `unit`; `said` words a value for the hover (the metric's own by default)
    band    two metrics of the result between which the plane is shaded
    until   first day whose figures are not ripe yet: points whose time reaches it are left out
    """
    say, lang = page.say, page.lang
    rows = result.rows.sort("period").to_dicts()
    days = [row["period"] for row in rows]
    ripe = [is_ripe(day, result.grain, until) for day in days]
    shown = {code: [_point(row, code, scale) if known else None for row, known in zip(rows, ripe, strict=True)] for code in (*(curve.code for curve in curves), *(band or ()))}
    drawn = []
    for curve in curves:
        metric = result.metric(curve.code)
        text = said or (lambda value, unit=metric.unit: words.value(value, unit, lang))
        hover = [f"{words.day(row['period'], lang)}<br>{say(metric.label)}: {text(row[curve.code])}<br>n = {words.number(row[f'{curve.code}__n'], lang)}" for row in rows]
        drawn.append(over_time.Line(curve.name, shown[curve.code], hover, curve.colour, curve.width))
    found = events(page, result.selection)
    figure = over_time.lines(days, drawn, found, unit=unit, band=(shown[band[0]], shown[band[1]]) if band else None)
    return chart.show(page, figure, key=key, title=title, finding=finding, result=result, n_words=n_words, pick=pick, below=below(page, days, found))


def _point(row: dict, code: str, scale: float) -> float | None:
    return None if row[code] is None or (row[f"{code}__n"] or 0) < LEAST_N else row[code] * scale


def is_ripe(day: dt.date, by: str, until: dt.date | None) -> bool:
    """Whether the step of time that begins on `day` is over before `until` begins."""
    return until is None or _end(day, by) <= until


def _end(day: dt.date, by: str) -> dt.date:
    """The day after the last day of a step of time that begins on `day`."""
    return day + dt.timedelta(days=1 if by == "day" else 7) if by != "month" else (day.replace(day=28) + dt.timedelta(days=4)).replace(day=1)


def _days(event: over_time.Event, lang: str) -> str:
    first, last = words.short_day(event.first_day, lang), words.short_day(event.last_day, lang)
    return first if first == last else f"{first} – {last}"
