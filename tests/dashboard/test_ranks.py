"""Percentiles and limits read from gathered values are those of the SQL that is shown; parts of a Result are what they would be alone."""

from __future__ import annotations

import datetime as dt
import math
import threading
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from dashboard import answers, store
from dashboard.access import asking
from dashboard.access.viewer import Viewer
from dashboard.metrics import METRICS, ranks
from dashboard.selection import Selection
from etl.errors import DeclarationError


@pytest.mark.parametrize(("fact", "by"), [("visits", ()), ("visits", ("lane",)), ("stays", ("zone", "hour")), ("steps", ("place",)), ("declarations", ("channel",))])
@pytest.mark.parametrize("totals", [False, True])
def test_gathered_values_give_what_the_sql_shown_gives(sel: Selection, monkeypatch: pytest.MonkeyPatch, fact: str, by: tuple[str, ...], totals: bool) -> None:
    codes = [code for code, metric in METRICS.items() if metric.fact == fact]
    found = store.ask(sel, codes, by, compare=True, intervals=True, totals=totals).frame
    real = answers.run
    monkeypatch.setattr(answers, "run", lambda opened, query: real(opened, replace(query, run=query.sql, ranked=())))
    shown = store.Store(store.of().settings, "MACAS").ask(sel, codes, by, compare=True, intervals=True, totals=totals).frame
    assert found.columns == shown.columns
    assert_frame_equal(found, shown, rel_tol=1e-12, abs_tol=1e-12)


def test_limits_are_values_of_exact_rank() -> None:
    values = list(np.random.default_rng(1).permutation(np.arange(1.0, 101.0)))
    p50, n, low, high = (series[0] for series in ranks.columns(_groups([values, []]), [("x", 0.5)]))
    assert (p50, n, low, high) == (50.5, 100, 40.0, 61.0)  # 50 +- 9.8, widened to whole ranks
    assert ranks.columns(_groups([[], None]), [("x", 0.5)])[0].to_list() == [None, None]
    assert [series.name for series in ranks.columns(_groups([values]), [("x", 0.5)], limits=False)] == ["x", "x__n"]


def _groups(lists: list) -> list[np.ndarray]:
    return ranks.groups_of(pl.Series("v", lists, dtype=pl.List(pl.Float64)))


@pytest.mark.parametrize("values", [[7.0], [7.0, 7.0, 8.0], list(range(40)), [1.0, *[5.0] * 30, 9.0, 9.0]])
@pytest.mark.parametrize("p", [0.05, 0.5, 0.9, 0.95])
def test_a_few_ranks_are_those_of_the_whole_order(values: list[float], p: float) -> None:
    mixed = np.random.default_rng(3).permutation(np.array(values, dtype=float))
    found, n, low, high = (series[0] for series in ranks.columns([mixed, mixed], [("x", p), ("y", 0.25)])[:4])
    ordered, middle, half = sorted(values), len(values) * p, ranks.Z95 * math.sqrt(len(values) * p * (1 - p))
    assert n == len(values) and found == pytest.approx(np.quantile(values, p), rel=1e-12)
    assert low == ordered[max(1, math.floor(middle - half)) - 1] and high == ordered[min(n, math.ceil(middle + half) + 1) - 1]


_RNG = np.random.default_rng(5)
_MANY = {
    "as they come": _RNG.lognormal(4, 0.6, 20_000), "in order": np.sort(_RNG.lognormal(4, 0.6, 5_000)), "many equal": np.round(_RNG.lognormal(1, 0.6, 9_000)), "all equal": np.full(6_000, 7.0),
    "every fourth far above": np.where(np.arange(10_000) % 4 == 0, 1e6, 0.0) + _RNG.lognormal(4, 0.6, 10_000),  # what the sample sees of them is wrong
}  # fmt: skip


@pytest.mark.parametrize("name", _MANY)
def test_ranks_of_many_values_are_those_of_the_whole_order(name: str) -> None:
    values, asked = _MANY[name], [("a", 0.05), ("b", 0.5), ("c", 0.9), ("d", 0.95)]
    found, ordered, n = ranks.columns([values, values[:10], values], asked), np.sort(values), len(values)
    for number, (_, p) in enumerate(asked):
        figure, of, low, high = (series[2] for series in found[4 * number : 4 * number + 4])
        middle, half = n * p, ranks.Z95 * math.sqrt(n * p * (1 - p))
        assert of == n and figure == pytest.approx(np.quantile(values, p), rel=1e-12)
        assert (low, high) == (ordered[math.floor(middle - half) - 1], ordered[math.ceil(middle + half)])
    assert [series.to_list() for series in ranks.columns([values], asked, limits=False)] == [series.to_list() for series in (each.slice(2, 1) for number in range(4) for each in found[4 * number : 4 * number + 2])]


@pytest.mark.parametrize(
    ("metrics", "splits", "intervals"),
    [(["turnaround_p50"], [["lane"], ["terminal"], ["direction", "channel"]], True), (["congestion_index", "stays", "stay_p50"], [["zone"], ["zone", "hour"], ["zone", "hour_of_week"]], False)],
)  # fmt: skip
def test_splits_answered_in_one_pass_are_what_each_is_alone(sel: Selection, metrics: list[str], splits: list[list[str]], intervals: bool) -> None:
    for asked in (sel, replace(sel, terminal=("TCE",)), replace(sel, first_day=sel.first_day - dt.timedelta(days=4000), end_day=sel.first_day - dt.timedelta(days=3990), period="custom")):
        for by, found in zip(splits, store.of().ask_each(asked, metrics, splits, compare=True, intervals=intervals), strict=True):
            alone = store.ask(asked, metrics, by, compare=True, intervals=intervals)
            assert found.frame.columns == alone.frame.columns and (found.sql, found.params, found.by) == (alone.sql, alone.params, alone.by)
            assert_frame_equal(found.frame, alone.frame, rel_tol=1e-12, abs_tol=1e-12)


@pytest.mark.parametrize("terminals", [None, ("TCE",)])
def test_each_seventh_day_is_what_it_is_among_all(sel: Selection, terminals: tuple[str, ...] | None) -> None:
    with asking.seen_by(Viewer("reader", frozenset({"viewer"}), terminals)):
        every, some = store.of().ask_spans(_BY_DAY, store.Span(sel, "day", intervals=True), store.Span(sel, "day", intervals=True, every=7))
    wanted = [sel.last_day - dt.timedelta(days=7 * week) for week in range(sel.days // 7 - 1, -1, -1)]
    assert some.frame["period"].to_list() == wanted
    assert_frame_equal(some.frame, every.frame.filter(pl.col("period").is_in(wanted)))


_BY_DAY = ("visits", "turnaround_p50", "over_120_share", "queue_p50", "document_checks_mean", "entries_per_hour", "both_weighings_share")


def test_spans_answered_from_one_pass_by_day_are_what_each_is_alone(sel: Selection) -> None:
    nobody = replace(sel, first_day=sel.first_day - dt.timedelta(days=4000), end_day=sel.first_day - dt.timedelta(days=3990), period="custom")
    now = replace(sel, end_day=store.build().now_day + dt.timedelta(days=2))  # now cuts it: the comparison knows only what was known then
    for asked in (sel, now, replace(sel, terminal=("TCE",), view="core"), replace(sel, lane=("no such lane",)), nobody):
        weeks = replace(asked, first_day=asked.first_day - dt.timedelta(days=9), end_day=asked.end_day - dt.timedelta(days=1), period="custom")
        spans = (store.Span(asked, compare=True, intervals=True), store.Span(asked, "week"), store.Span(weeks, "day", intervals=True))
        for span, found in zip(spans, store.of().ask_spans(_BY_DAY, *spans), strict=True):
            alone = store.ask(span.selection, _BY_DAY, grain=span.grain, compare=span.compare, intervals=span.intervals)
            assert (found.sql, found.params, found.grain, found.before, found.cut_at) == (alone.sql, alone.params, alone.grain, alone.before, alone.cut_at)
            assert_frame_equal(found.frame, alone.frame, rel_tol=1e-12, abs_tol=1e-12)


@pytest.mark.parametrize("code", ["planning_time", "lost_hours", "csi_filings", "moves_per_visit"])
def test_days_do_not_make_a_month_of_every_metric(sel: Selection, code: str) -> None:
    with pytest.raises(DeclarationError, match=f"{code}.*cannot be put together from days"):
        store.of().ask_spans([code], store.Span(sel))
    with pytest.raises(DeclarationError, match="hours cannot"):
        store.of().ask_spans(["visits"], store.Span(sel, "hour"))


def test_a_count_before_the_first_data_is_no_data_and_not_zero(sel: Selection) -> None:
    first = store.build().first_day
    early = replace(sel, first_day=first - dt.timedelta(days=40), end_day=first, period="custom", comparison="none")
    assert store.ask(early, ["visits"]).cell("visits").value is None and store.ask(early, ["visits"]).n == 0
    begun = replace(early, end_day=first + dt.timedelta(days=1))
    assert store.ask(begun, ["visits"]).cell("visits").value > 0
    compared = store.ask(replace(sel, first_day=first, end_day=first + dt.timedelta(days=7), period="custom", comparison="previous"), ["visits", "exits"], compare=True)
    assert [compared.cell(code).before for code in ("visits", "exits")] == [None, None] and compared.cell("visits").value > 0
    nobody = replace(sel, lane=("no such lane",))
    assert store.ask(nobody, ["visits"]).cell("visits").value == 0  # the log was there, and no such truck in it


def test_a_share_is_not_put_together_from_groups(sel: Selection) -> None:
    with pytest.raises(DeclarationError, match=r"over_120_share.*cannot be put together"):
        store.of().ask_each(sel, ["over_120_share"], [["lane"], ["terminal"]])


def test_part_of_a_result_is_what_it_would_be_alone(sel: Selection) -> None:
    both = store.ask(sel, ["visits", "turnaround_p50", "over_120_share"], by=["lane"], intervals=True)
    for codes in (("visits",), ("turnaround_p50", "over_120_share")):
        assert both.only(*codes).frame.equals(store.ask(sel, codes, by=["lane"], intervals=True).frame)


def test_a_question_asked_ahead_is_answered_once(sel: Selection, monkeypatch: pytest.MonkeyPatch) -> None:
    own, ran, begun, real = store.Store(store.of().settings, "MACAS"), [], threading.Event(), answers.run

    def counted(opened, query):
        ran.append(query)
        begun.set()
        return real(opened, query)

    monkeypatch.setattr(answers, "run", counted)
    own.ahead(lambda: own.ask(sel, ["visits"], by=["hour"]), lambda: own.ask(sel, ["no_such_metric"]))
    assert begun.wait(10)
    assert own.ask(sel, ["visits"], by=["hour"]).n > 0
    assert len(ran) == 1
