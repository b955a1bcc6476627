"""How a question becomes its Result: compiled a fact and a period, run on an open build, put beside its comparison. No cache, no words.

    results = answer(opened, Question(selection, metrics, splits=((), (lane,))), small_cell=5)    # one Result a split
    results = answer_spans(opened, (Question(weeks, metrics, grain="day"), Question(month, metrics)), small_cell=5)    # one Result a question, one pass for all
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache

import polars as pl

from dashboard.builds import Opened
from dashboard.metrics import FACTS, METRICS, Dimension, Metric, Result, cargo, frames
from dashboard.metrics.compiler import REFERENCES, Query, compile_query, unanswered
from dashboard.metrics.privacy import suppress
from dashboard.selection import Selection
from etl import clock


@dataclass(frozen=True)
class Question:
    """What is asked, names resolved; `splits` are answered one by one (Store.ask has one). The other fields are those of Store.ask.

    About cargo the selection is `settled` on whole months; `asked_of` is then the one that was asked of. `since` is the first day with data: no comparison
    reaches before it. `every` is of Span.
    """

    selection: Selection
    metrics: tuple[Metric, ...]
    splits: tuple[tuple[Dimension, ...], ...] = ((),)
    grain: str | None = None
    compare: bool = False
    totals: bool = False
    intervals: bool = False
    limit: int | None = None
    asked_of: Selection | None = None
    since: dt.date | None = None
    every: int = 1

    @property
    def before(self) -> Selection | None:
        """The comparison period, if one is asked and the selection has one that lies wholly within the data."""
        wanted = self.wanted
        return None if wanted is None or (self.since and wanted.first_day < self.since) else wanted

    @property
    def wanted(self) -> Selection | None:
        """The comparison period that is asked for, whether there are data of it or not."""
        if not self.compare:
            return None
        return cargo.earlier(self.selection) if self.asked_of else self.selection.previous()

    @property
    def key(self) -> tuple:
        """What tells this question from any other of the same build."""
        splits = tuple(tuple(dimension.code for dimension in by) for by in self.splits)
        return (self.selection, tuple(metric.code for metric in self.metrics), splits, self.grain, self.wanted is not None, self.totals, self.intervals, self.limit, self.every)


def answer_spans(opened: Opened, questions: tuple[Question, ...], small_cell: int) -> tuple[Result, ...]:
    """Return one Result a question: the same metrics, filters and view over several spans of whole days, without splits, from one pass by day.

    A comparison is asked as ever: what was known then is not what is known now. Raises DeclarationError for metrics that days do not add up to
    (frames.put_over_days) and for hours.
    """
    first = questions[0]
    whole = replace(first.selection, first_day=min(asked.selection.first_day for asked in questions), end_day=max(asked.selection.end_day for asked in questions), period="custom")
    passed = {}
    for fact in dict.fromkeys(metric.fact for metric in first.metrics):
        days = compile_query([metric for metric in first.metrics if metric.fact == fact], (), "day", whole, gather=())
        passed[fact] = frames.by_day(days, _rows(opened, days))
    return tuple(answer(opened, asked, small_cell, {fact: frames.each_of(days, asked.selection.last_day, asked.every) for fact, days in passed.items()})[0] for asked in questions)


def answer(opened: Opened, asked: Question, small_cell: int, passed: Mapping[str, frames.ByDay] | None = None) -> tuple[Result, ...]:
    """Return one Result a split. Several splits take one pass over the rows, and their metrics must be counts and percentiles (frames.put_together).

    `passed` gives, fact by fact, the rows of the period by day where a pass over them has been made already.
    """
    if cargo.is_about(asked.metrics) and small_cell > 1:
        cargo.refuse(asked.metrics, asked.splits, asked.grain)
        # By month there is no comparison: months are not equally long, so one cannot be shifted onto the other.
        begins = opened.first(*cargo.LOG)
        whole = cargo.settled(asked.selection, opened.about.now_day, begins, is_rare=any(metric.is_rare for metric in asked.metrics), by_month=asked.grain is not None)
        asked, passed = replace(asked, selection=whole, asked_of=asked.selection, compare=asked.compare and asked.grain is None, since=begins), None
    build, selection = opened.about, asked.selection
    cut_at = build.now_at if build.now_local_at < dt.datetime.combine(selection.end_day, dt.time()) else None
    then_at = _earlier(build.now_local_at, build.zone_name, selection.shift_days) if cut_at and asked.before else None
    queries: list[list[Query]] = [[] for _ in asked.splits]
    answers: list[list[pl.DataFrame]] = [[] for _ in asked.splits]
    unknown: list[set[str]] = []
    late = {metric.code: first for metric in asked.metrics if asked.before and (first := _begins_inside(opened, metric.fact, asked.before))}
    for period, cut, shift in ((selection, None, 0), *(((asked.before, then_at, selection.shift_days),) if asked.before else ())):
        parts: list[list[pl.DataFrame]] = [[] for _ in asked.splits]

        def of_fact(fact: str, period: Selection = period, cut: dt.datetime | None = cut, shift: int = shift) -> tuple[list[Query], list[pl.DataFrame]]:
            mine = [metric for metric in asked.metrics if metric.fact == fact]
            how = {"cut_at": cut, "totals": asked.totals, "intervals": asked.intervals, "reference_end": selection.end_day, "shift_days": shift}
            compiled = [compile_query(mine, by, asked.grain, period, **how) for by in asked.splits]
            if passed and period is selection:
                return compiled, [frames.put_over_days(passed[fact], compiled[0], period, asked.grain)]
            return compiled, run(opened, compiled[0]) if len(compiled) == 1 else run_together(opened, _finest(asked, mine, period, how), compiled)

        for compiled, found in side_by_side(of_fact, list(dict.fromkeys(metric.fact for metric in asked.metrics))):
            for number, query in enumerate(compiled):
                queries[number].append(query)
                parts[number].append(found[number])
        unknown.append({metric.code for metric in asked.metrics if (metric.count and not _has_begun(opened, metric.fact, period.end_day)) or (period is not selection and metric.code in late)})
        for number, part in enumerate(parts):
            split = queries[number][-1].keys
            end = build.now_local_at - dt.timedelta(days=shift)
            found = frames.finished(frames.joined(part, _keys(split, asked)), asked.metrics, split, period, end, asked.grain, shift, clock.seams(build.zone_name))
            answers[number].append(found if asked.every == 1 or passed else found.filter((period.last_day - pl.col("period")).dt.total_days() % asked.every == 0))
    return tuple(_result(opened, asked, by, queries[number], answers[number], unknown, late, cut_at, small_cell) for number, by in enumerate(asked.splits))


def side_by_side(make: Callable[[str], tuple], facts: list[str]) -> list[tuple]:
    """Return what is made of each fact, in their order. One without groups leaves a core idle: DuckDB gathers its values on one thread."""
    if len(facts) == 1:
        return [make(facts[0])]
    with ThreadPoolExecutor(len(facts)) as pool:
        return list(pool.map(make, facts))


def _finest(asked: Question, metrics: list[Metric], period: Selection, how: Mapping[str, object]) -> Query:
    """The query over the groups of all splits at once, from which each split's can be put together."""
    every = {dimension.code: dimension for by in asked.splits for dimension in by}
    shared = [code for code in every if all(code in (dimension.code for dimension in by) for by in asked.splits)]
    return compile_query(metrics, tuple(every.values()), asked.grain, period, gather=shared, **how)


def _keys(split: tuple[str, ...], asked: Question) -> list[str]:
    return [*split, *(("is_total",) if asked.totals and split else ())]


def _result(
    opened: Opened, asked: Question, by: tuple[Dimension, ...], queries: list[Query], answers: list[pl.DataFrame], unknown: list[set[str]], late: dict[str, dt.date], cut_at: dt.datetime | None, small_cell: int,
) -> Result:  # fmt: skip
    build, split = opened.about, queries[-1].keys
    keys = _keys(split, asked)
    frame = frames.whole(answers, asked.metrics, keys, split, unknown)
    frame, hidden = _cargo_hidden(opened, asked, by, frame, small_cell) if asked.asked_of else suppress(frame, split, by, asked.metrics, small_cell)
    if asked.limit is not None and keys:
        frame = frames.largest(frame, asked.metrics[0], asked.limit)
    return Result(
        frame, asked.metrics, by, asked.grain, asked.selection, asked.before, opened.build_id, build.now_at, build.now_local_at, tuple(query.sql for query in queries),
        tuple(query.params for query in queries), cut_at, asked.totals, hidden,
        {metric.code: missing for metric in asked.metrics if (missing := _unanswered(asked, metric))}, (asked.wanted, asked.since) if asked.wanted and asked.since and not asked.before else None, late,
    )  # fmt: skip


def _unanswered(asked: Question, metric: Metric) -> tuple[str, ...]:
    """The filters (and 'view') a figure knows nothing of: about cargo all of them."""
    if asked.asked_of is None:
        return unanswered(FACTS[metric.fact], asked.selection)
    return (*asked.asked_of.filters, *(("view",) if asked.asked_of.view != "all" else ()))


def _cargo_hidden(opened: Opened, asked: Question, by: tuple[Dimension, ...], frame: pl.DataFrame, small_cell: int) -> tuple[pl.DataFrame, int]:
    """Hide what speaks of too few boxes, by the counts of each month and of all that holds them, asked or not."""
    base, periods = cargo.judged(asked.metrics, METRICS), [period for period in (asked.selection, asked.before) if period]
    counts = [run(opened, compile_query([cargo.counted(metric) for metric in base], by, "month", period))[0] for period in periods]
    return cargo.hide(frame, asked.metrics, by[0].code if by else None, counts, periods, base, small_cell)


def _has_begun(opened: Opened, fact: str, end_day: dt.date) -> bool:
    """Whether a source had sent anything before this day: until then there is no data, which is not zero. A ledger counts from the first file on."""
    table = FACTS[fact].table
    if not table.startswith("fct_"):
        return True
    first = opened.first(table, "entry_day" if table == "fct_visits" else FACTS[fact].day)
    return first is not None and first < end_day


def _begins_inside(opened: Opened, fact: str, period: Selection) -> dt.date | None:
    """The first day of a log that begins inside a comparison period, a tenth of it or more after its start: set against a whole period, the rest would be read as a change."""
    table = FACTS[fact].table
    if table == "fct_visits" or not table.startswith("fct_"):
        return None
    first = opened.first(table, FACTS[fact].day)
    return first if first is not None and period.first_day + dt.timedelta(days=period.days // 10) < first < period.end_day else None


def run(opened: Opened, query: Query) -> list[pl.DataFrame]:
    """Run one query; a list of its one answer."""
    return [frames.ranked(query, _rows(opened, query))]


def run_together(opened: Opened, fine: Query, queries: list[Query]) -> list[pl.DataFrame]:
    """Run the query over the smallest groups and return the answers of the others, put together from them."""
    rows = _rows(opened, fine)
    return [frames.put_together(fine, rows, query) for query in queries]


def _rows(opened: Opened, query: Query) -> pl.DataFrame:
    """Run it over the months it can touch only, with free-flow values made once a build and window."""
    sql, params = query.run, query.params
    for name in query.needs:
        used = {key: value for key, value in params.items() if f"${key}" in REFERENCES[name][0]}
        table = opened.once(f"{name}_{params['reference_end_day']:%Y%m%d}", REFERENCES[name][0], used, (params["reference_first_day"], params["reference_end_day"]))
        sql = sql.replace(REFERENCES[name][0], f"SELECT * FROM {table}", 1)
    used = {name: value for name, value in params.items() if f"${name}" in sql}
    return opened.frame(sql, used, days_of(params, 4))


def days_of(params: Mapping[str, object], before: int = 31, after: int = 2) -> tuple[dt.date, dt.date] | None:
    """The days a query of these parameters can touch, with the room row lists look around their period (incidents: 30 days)."""
    days = [params[name] for name in ("first_day", "end_day") if name in params]
    return (min(days) - dt.timedelta(days=before), max(days) + dt.timedelta(days=after)) if len(days) == 2 else None


@lru_cache(maxsize=64)
def _earlier(now_local_at: dt.datetime, zone_name: str, days: int) -> dt.datetime:
    """The UTC instant at the same local wall time `days` earlier."""
    local = pl.Series([now_local_at - dt.timedelta(days=days)], dtype=pl.Datetime("us"))
    return clock.to_utc(local, zone_name)[0][0]
