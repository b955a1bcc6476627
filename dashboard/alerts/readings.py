"""What the rules are judged by: the figures of their last whole windows, asked of the store as a page asks, with n and what is usual. Judges single windows, opens nothing.

    for reading in readings.of(rule, port, now_at):      # one a group: rule.each, else one
        reading.group, reading.windows[-1].value, .n, .state

A window is judged when it is over, `settle_hours` besides, and where the rule's own logs reach to its end: a late file is no quiet hour.
Small cells are hidden by the store and are then unknown here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from dashboard.alerts import band
from dashboard.alerts.judge import state
from dashboard.alerts.rules import SOURCES_OF, Rule
from dashboard.metrics import DIMENSIONS
from dashboard.selection import Selection
from dashboard.store import Store
from etl.errors import SettingsError

_STEP = {"hour": dt.timedelta(hours=1), "day": dt.timedelta(days=1), "week": dt.timedelta(days=7)}
# Days the site's calendar names: quiet or wild for a known reason, so they say nothing of what is usual; of the first two nothing unusual is said either.
NOT_JUDGED, NOT_COMPARED = frozenset({"holiday", "strike"}), frozenset({"holiday", "strike", "incident"})
_TOLD = NOT_COMPARED | {"ramadan", "clock"}
_HORIZON = {"hour": 24, "day": 7, "week": 3}  # windows looked at besides those that must be known: nights and Sundays may be too thin to judge


@dataclass(frozen=True)
class Window:
    """One judged window [first, end) in local time: its figure, the rows behind it, the limits it was held against and where it lies (judge.STATES)."""

    first: dt.datetime
    end: dt.datetime
    value: float | None
    n: int
    state: str
    expected: float | None = None
    low: float | None = None
    high: float | None = None
    weeks_n: int = 0
    what: str = ""  # the file meant, of a rule about files
    named: tuple[Mapping[str, str], ...] = ()  # what the site's calendar says of its days: names by language


@dataclass(frozen=True)
class Reading:
    """The windows of one group of a rule, oldest first, and how far the logs behind them reach (local)."""

    rule: Rule
    group: str
    windows: tuple[Window, ...]
    reach: dt.datetime | None

    @property
    def last(self) -> Window | None:
        """The newest window that could be judged, else the newest."""
        return next((window for window in reversed(self.windows) if window.state != "unknown"), self.windows[-1] if self.windows else None)


def of(rule: Rule, port: Store, now_at: dt.datetime, *, back: int = 0) -> tuple[Reading, ...]:
    """Return the readings of a rule. `now_at` is the UTC wall clock, for ages; `back` reaches so many windows further into the past (trial.py).

    Raises SettingsError for a filter value the site does not know, BuildError without a build.
    """
    if rule.watch == "freshness":
        return _freshness(rule, port, now_at)
    if rule.watch == "rejects":
        return _rejects(rule, port)
    return _figures(rule, port, back)


# ---------------------------------------------------------------------- figures
def _figures(rule: Rule, port: Store, back: int) -> tuple[Reading, ...]:
    reach = _reach(rule, port)
    if reach is None:
        return ()
    step = _STEP[rule.window]
    end = _floor(min(reach, port.build().now_local_at - dt.timedelta(hours=rule.settle_hours)), rule.window)
    count = max(rule.times, rule.clear_times) + _HORIZON[rule.window] + back
    weeks = rule.weeks if rule.watch == "usual" else 0
    first = end - count * step
    # The weeks before a week are the windows before it; of a day and an hour they are the same weekday.
    asked = selection(rule, port, first - weeks * _STEP["week"], end)
    result = port.ask(asked, [rule.metric], by=[rule.each] if rule.each else (), grain=rule.window)
    began = port.begins(result) or port.build().first_day
    found: dict[str, dict[dt.datetime, tuple[float | None, int]]] = {}
    counted = rule.measure.kind == "count"
    for row in result.rows.iter_rows(named=True):
        if rule.each and row[rule.each] is None:
            continue
        group = str(row[rule.each]) if rule.each else ""
        found.setdefault(group, {})[_at(row["period"])] = (row[rule.metric], int(row[f"{rule.metric}__n"] or 0))
    if not rule.each:
        found.setdefault("", {})
    calendar, readings = _calendar(port), []
    for group, known in sorted(found.items()):
        if rule.only and group not in rule.only:
            continue
        starts = [at for at in (end - number * step for number in range(count, 0, -1)) if at.date() > began]
        readings.append(Reading(rule, group, tuple(_window(rule, known, at, step, counted, calendar, began) for at in starts), reach))
    return tuple(readings)


def _window(rule: Rule, known: Mapping[dt.datetime, tuple[float | None, int]], at: dt.datetime, step: dt.timedelta, counted: bool, calendar: Calendar, began: dt.date) -> Window:
    (value, n), end = _judgeable(rule, known, at, counted), at + step
    entries = [entry for entry in calendar if entry.first <= (end - _STEP["hour"]).date() and at.date() <= entry.last]
    named = tuple(entry.names for entry in entries if entry.code in _TOLD)
    if rule.watch == "threshold":
        limits = {"high": rule.above, "calm_high": rule.clear} if rule.above is not None else {"low": rule.below, "calm_low": rule.clear}
        return Window(at, end, value, n, state(value, **limits), low=rule.below, high=rule.above, named=named)
    is_short = rule.window != "week"  # a week holds a named day now and then; it is judged whole
    before = [each for week in range(1, rule.weeks + 1) if (each := at - week * _STEP["week"]).date() > began]  # the first day of a log is seldom whole, and before it nothing was 0
    past = band.of([_judgeable(rule, known, each, counted)[0] for each in before if not (is_short and _is_on(calendar, each.date(), NOT_COMPARED))], rule.measure.unit)
    if past is None or (is_short and _is_on(calendar, at.date(), NOT_JUDGED)):
        return Window(at, end, value, n, "unknown", named=named)
    low, calm_low = (past.low, past.calm_low) if rule.side in ("low", "both") else (None, None)
    high, calm_high = (past.high, past.calm_high) if rule.side in ("high", "both") else (None, None)
    return Window(at, end, value, n, state(value, low=low, high=high, calm_low=calm_low, calm_high=calm_high), past.expected, past.low, past.high, past.weeks_n, named=named)


@dataclass(frozen=True)
class Entry:
    """One entry of the site's calendar: local days, both included."""

    first: dt.date
    last: dt.date
    code: str
    names: Mapping[str, str]


Calendar = tuple[Entry, ...]


def _calendar(port: Store) -> Calendar:
    return tuple(
        Entry(row["from_on"], row["to_on"], row["calendar_code"], {lang: row[f"name_{lang}"] for lang in ("en", "fr", "ar") if row.get(f"name_{lang}")})
        for row in port.table("dim_calendar").iter_rows(named=True)
    )  # fmt: skip


def _is_on(calendar: Calendar, day: dt.date, codes: frozenset[str]) -> bool:
    return any(entry.first <= day <= entry.last and entry.code in codes for entry in calendar)


def _judgeable(rule: Rule, known: Mapping[dt.datetime, tuple[float | None, int]], at: dt.datetime, counted: bool) -> tuple[float | None, int]:
    """The figure of a window, None where it rests on too few rows. A count of a window without a row is 0."""
    value, n = known.get(at, (0.0 if counted else None, 0))
    return (value if n >= rule.min_n else None), n


def selection(rule: Rule, port: Store, first: dt.datetime, end: dt.datetime) -> Selection:
    """The rule's question over the local days that hold [first, end). Raises SettingsError for a value the site does not know."""
    known = port.known()
    for name, values in rule.filter.items():
        if name in known and (wrong := [value for value in values if value not in known[name]]):
            raise SettingsError(f"rule '{rule.code}'", f"{wrong[0][:60]!r} is no value of filter '{name}' at {port.port_code}", ", ".join(known[name]), "Correct it in alerts.toml")
    if rule.each and (reference := DIMENSIONS[rule.each].reference) and rule.only:
        named = set(port.table(reference[0])[reference[1]])
        if wrong := [value for value in rule.only if value not in named]:
            raise SettingsError(f"rule '{rule.code}'", f"{wrong[0][:60]!r} is no value of '{rule.each}' at {port.port_code}", ", ".join(sorted(named)), "Correct it in alerts.toml")
    last = end.date() if end.time() == dt.time() else end.date() + dt.timedelta(days=1)
    return Selection(port.port_code, first.date(), last, comparison="none", view=rule.view, **rule.filter)


def _reach(rule: Rule, port: Store) -> dt.datetime | None:
    """How far the logs of the rule's figure reach, local; the build's now where its rows are the ledger's. None where a log has nothing."""
    wanted = SOURCES_OF[rule.measure.fact]
    if not wanted:
        return port.build().now_local_at
    held = {row["source_code"]: row["last_event_local_at"] for row in port.table("meta_freshness").iter_rows(named=True)}
    reaches = [held.get(code) for code in wanted]
    return None if None in reaches else min(reaches)


def _floor(at: dt.datetime, window: str) -> dt.datetime:
    """The start of the hour, day or week (Monday) that holds an instant: the end of the last whole one before it."""
    if window == "hour":
        return at.replace(minute=0, second=0, microsecond=0)
    day = dt.datetime.combine(at.date(), dt.time())
    return day - dt.timedelta(days=day.weekday()) if window == "week" else day


def _at(period: dt.date | dt.datetime) -> dt.datetime:
    return period if isinstance(period, dt.datetime) else dt.datetime.combine(period, dt.time())


# ---------------------------------------------------------------------- sources and files
def _freshness(rule: Rule, port: Store, now_at: dt.datetime) -> tuple[Reading, ...]:
    """Hours since the newest line of a source, by the clock or behind the newest source."""
    rows = [row for row in port.table("meta_freshness").sort("source_code").iter_rows(named=True) if row["last_event_at"]]
    if not rows:
        return ()
    newest = max(row["last_event_at"] for row in rows)
    found = []
    for row in rows:
        if rule.source and row["source_code"] not in rule.source:
            continue
        age = max(0.0, ((now_at if rule.against == "clock" else newest) - row["last_event_at"]).total_seconds() / 3600)
        at = row["last_event_local_at"]
        window = Window(at, at, age, int(row["rows_n"] or 0), state(age, high=rule.hours, calm_high=rule.clear_hours), high=rule.hours)
        found.append(Reading(rule, row["source_code"], (window,), at))
    return tuple(found)


def _rejects(rule: Rule, port: Store) -> tuple[Reading, ...]:
    """The worst rejected share of a source's files of the last days that had data; a file refused whole is rejected whole."""
    build = port.build()
    end = dt.datetime.combine(build.now_day + dt.timedelta(days=1), dt.time())
    is_refused = pl.col("status_code") == "refused"
    files = port.table("dq_files").filter((is_refused | (pl.col("read_n") >= rule.min_n)) & (pl.col("file_on") >= build.now_day - dt.timedelta(days=rule.days - 1)) & pl.col("source_code").is_not_null())
    if rule.source:
        files = files.filter(pl.col("source_code").is_in(rule.source))
    found = []
    worst = files.with_columns(pl.when(is_refused).then(1.0).otherwise(pl.col("rejected_n").fill_null(0) / pl.col("read_n")).alias("_share")).sort("_share", "file_on", descending=True).unique("source_code", keep="first", maintain_order=True)
    for row in worst.sort("source_code").iter_rows(named=True):
        first = dt.datetime.combine(row["file_on"], dt.time())
        window = Window(first, min(first + _STEP["day"], end), row["_share"], int(row["read_n"] or 0), state(row["_share"], high=rule.above, calm_high=rule.clear), high=rule.above, what=row["file_name"])
        found.append(Reading(rule, row["source_code"], (window,), build.now_local_at))
    return tuple(found)
