"""The rules the sample port ships: silent while nothing happens, and each of them told of a bad day."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
import small_build

from dashboard import store
from dashboard.alerts import board, evaluation, rules, trial
from etl import warehouse
from etl.contracts.reference import load_site
from etl.settings import SAMPLE_SITE, Settings

DAYS, PER_DAY, BAD = 64, 1200, dt.date(2026, 10, 3)  # eight weeks to be held against, and the last whole day
WATCHED = {"long_visits", "few_visits", "slow_terminal", "over_two_hours", "source_behind", "rejected_lines"}


@pytest.fixture(scope="module")
def calm():
    """Facts and ledger of an unchanged port: no pilot, no trend, no incident but those of every day."""
    site = load_site(SAMPLE_SITE)
    facts = small_build.frames(site, DAYS, PER_DAY, seed=1, tracked_days=0, pilot_factor=1.0)
    return site, {name: facts[name] for name in ("fct_visits", "dq_source_days")}, small_build.ledger(site, facts)


def published(site, facts: dict, books: dict, home) -> Settings:
    settings = Settings(home, SAMPLE_SITE)
    warehouse.publish(settings, site, warehouse.Changes({**facts, "dq_rejects": books["dq_rejects"]}), books)
    return settings


@pytest.fixture
def home(tmp_path):
    yield tmp_path
    store.use(None)


def test_nothing_is_told_of_an_unchanged_port(calm, home) -> None:
    """Every rule that is on was judged, on the newest window and on every one of a week before, and none was raised. docs/alerts.md says how often one is by chance."""
    settings = published(*calm, home)
    done = evaluation.evaluate(settings)
    assert (done.opened, done.wrong, done.judged_n) == ([], {}, len(WATCHED))
    told = board.read(settings, "MACAS").readings
    assert {line["rule"] for line in told} == WATCHED == {rule.code for rule in rules.read(settings).rules if rule.is_on}
    assert {line["state"] for line in told} == {"inside"} and {line["group"] for line in told if line["rule"] == "slow_terminal"} == {"SOM", "TC3", "TCE"}
    week = trial.of(rules.read(settings), store.of(), 1)
    assert {each.rule for each in week} == WATCHED - {"source_behind", "rejected_lines"}
    assert all(each.judged_n >= (7 if each.rule != "slow_terminal" else 24) and each.raised_n == 0 for each in week), week


def test_a_bad_day_is_told_by_every_rule(calm, home) -> None:
    """On the last whole day every second visit came in and took four times as long; a log is three days behind and half of a file was rejected.

    Hours are judged while they are the newest: by the evaluations of that day, which a trial over the week makes again.
    """
    site, facts, books = calm
    visits, files, fresh = facts["fct_visits"], books["dq_files"], books["meta_freshness"]
    is_bad = pl.col("entry_day") == BAD
    visits = visits.filter(~is_bad | (pl.col("visit_id").hash(seed=1) % 2 == 0)).with_columns(pl.when(is_bad).then(pl.col("turnaround_min") * 4).otherwise("turnaround_min").alias("turnaround_min"))
    books = books | {
        "dq_files": files.with_columns(rejected_n=pl.when(pl.col("file_on") == files["file_on"].max()).then(pl.col("read_n") // 2).otherwise("rejected_n")),
        "meta_freshness": fresh.with_columns(pl.when(pl.col("source_code") == "customs").then(pl.col("last_event_at") - dt.timedelta(days=3)).otherwise("last_event_at").alias("last_event_at")),
    }
    settings = published(site, facts | {"fct_visits": visits}, books, home)
    done = evaluation.evaluate(settings)
    assert {(alert.rule, alert.group) for alert in done.opened} == {("long_visits", ""), ("few_visits", ""), ("over_two_hours", ""), ("source_behind", "customs"), ("rejected_lines", "gate")}
    week = {(each.rule, each.group): each.raised_n for each in trial.of(rules.read(settings), store.of(), 1)}
    assert {rule for (rule, _), raised_n in week.items() if raised_n} == WATCHED - {"source_behind", "rejected_lines"}, week
