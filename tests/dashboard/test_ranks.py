"""Percentiles and limits read from gathered values are those of the SQL that is shown; parts of a Result are what they would be alone."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from dashboard import store
from dashboard.metrics import METRICS, ranks
from dashboard.selection import Selection


@pytest.mark.parametrize(("fact", "by"), [("visits", ()), ("visits", ("lane",)), ("stays", ("zone", "hour")), ("steps", ("place",)), ("declarations", ("channel",))])
@pytest.mark.parametrize("totals", [False, True])
def test_gathered_values_give_what_the_sql_shown_gives(sel: Selection, monkeypatch: pytest.MonkeyPatch, fact: str, by: tuple[str, ...], totals: bool) -> None:
    codes = [code for code, metric in METRICS.items() if metric.fact == fact]
    found = store.ask(sel, codes, by, compare=True, intervals=True, totals=totals).frame
    real = store._run
    monkeypatch.setattr(store, "_run", lambda opened, query: real(opened, replace(query, run=query.sql, ranked=())))
    shown = store.Store(store.of().settings, "MACAS").ask(sel, codes, by, compare=True, intervals=True, totals=totals).frame
    assert found.columns == shown.columns
    assert_frame_equal(found, shown, rel_tol=1e-12, abs_tol=1e-12)


def test_limits_are_values_of_exact_rank() -> None:
    values = list(np.random.default_rng(1).permutation(np.arange(1.0, 101.0)))
    p50, n, low, high = (series[0] for series in ranks.columns(pl.Series("v", [values, []], dtype=pl.List(pl.Float64)), [("x", 0.5)]))
    assert (p50, n, low, high) == (50.5, 100, 40.0, 61.0)  # 50 +- 9.8, widened to whole ranks
    assert ranks.columns(pl.Series("v", [[], None], dtype=pl.List(pl.Float64)), [("x", 0.5)])[0].to_list() == [None, None]


def test_part_of_a_result_is_what_it_would_be_alone(sel: Selection) -> None:
    both = store.ask(sel, ["visits", "turnaround_p50", "over_120_share"], by=["lane"], intervals=True)
    for codes in (("visits",), ("turnaround_p50", "over_120_share")):
        assert both.only(*codes).frame.equals(store.ask(sel, codes, by=["lane"], intervals=True).frame)


def test_a_question_asked_ahead_is_answered_once(sel: Selection, monkeypatch: pytest.MonkeyPatch) -> None:
    own, ran, begun, real = store.Store(store.of().settings, "MACAS"), [], threading.Event(), store._run

    def counted(opened, query):
        ran.append(query)
        begun.set()
        return real(opened, query)

    monkeypatch.setattr(store, "_run", counted)
    own.ahead(lambda: own.ask(sel, ["visits"], by=["hour"]), lambda: own.ask(sel, ["no_such_metric"]))
    assert begun.wait(10)
    assert own.ask(sel, ["visits"], by=["hour"]).n > 0
    assert len(ran) == 1
