"""By their definition: nine visits drawn by hand with the figure each definition makes of them, the written list walked, the part opened in every language."""

from __future__ import annotations

import datetime as dt
import statistics
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import format as words
from dashboard import store
from dashboard.i18n import LANGUAGES, translator
from dashboard.metrics import METRICS, their_definition
from dashboard.metrics.compiler import compile_query
from dashboard.metrics.intervals import of_mean, wilson, wilson_limits
from dashboard.metrics.their_words import DEFINITIONS, PUBLISHED_ONLY, Definition, Figure
from dashboard.screens import turnaround_definitions
from dashboard.selection import Selection
from etl.contracts.facts import FCT_VISIT_STEPS, FCT_VISITS
from etl.contracts.reference import load_site
from etl.errors import DeclarationError
from etl.settings import SAMPLE_SITE

ROOT = Path(__file__).resolve().parents[2]
LANGS = [language.code for language in LANGUAGES]
SEPTEMBER = Selection("MACAS", dt.date(2026, 9, 1), dt.date(2026, 10, 1), comparison="none")
NATURES = {None, "measured", "below", "goal", "design"}

# visit: weekday, hour of entry, queue (None: not seen), minutes of each call at a terminal, P, trouble ticket
VISITS = {
    "v1": (1, 8, 10.0, [19.0], 60.0, False), "v2": (5, 16, 30.0, [30.0], 59.0, False), "v3": (5, 17, 20.0, [100.0], 130.0, False), "v4": (1, 7, 1.0, [120.0], 130.0, False),
    "v5": (2, 10, 5.0, [30.0, 50.0], 100.0, False),  # two terminals: two visits by their definition, whose queue belongs to neither alone
    "v6": (3, 11, None, [40.0], 70.0, True), "v7": (6, 10, None, [25.0], 55.0, False),
    "v8": (4, 9, 15.0, [], 20.0, False),  # came, weighed, left: no terminal
    "v9": (4, 12, 25.0, [None], 90.0, False),  # the terminal's clock was off: its call is known, its time is not
}  # fmt: skip


def drawn() -> duckdb.DuckDBPyConnection:
    """The visits above and their calls, each call with 0.75 min at the terminal's gate before it, and a weighing that is no call."""
    visits, steps = [], []
    for name, (weekday, hour, queue, calls, p, ticket) in VISITS.items():
        base = {"port_code": "MACAS", "visit_id": name, "entry_day": dt.date(2026, 9, 6) + dt.timedelta(days=weekday)}
        known = [call for call in calls if call is not None]
        visits.append(
            base | {
                "entry_hour": hour, "entry_weekday": weekday, "queue_min": queue, "turnaround_min": p, "total_visit_min": None if queue is None else queue + p, "has_trouble_ticket": ticket,
                "terminal_turn_min": sum(known) if known and len(known) == len(calls) else None, "path_codes": ">".join(["weigh_empty", *["terminal"] * len(known), "exit_check"]),
            }
        )  # fmt: skip
        steps.append(base | {"step_seq": 1, "step_code": "weigh_empty", "step_kind_code": "service", "wait_min": 3.0, "service_min": 2.0, "step_min": 5.0})
        steps += [base | {"step_seq": number, "step_code": "terminal", "step_kind_code": "service", "wait_min": 0.75, "service_min": call, "step_min": call + 0.75} for number, call in enumerate(known, 2)]
    con = duckdb.connect()
    for table, rows in ((FCT_VISITS, visits), (FCT_VISIT_STEPS, steps)):
        con.register(table.name, pl.DataFrame(rows, schema={name: table.schema[name] for name in rows[0]}).to_arrow())
    return con


def test_nine_visits_drawn_by_hand_by_every_definition():
    con, found = drawn(), {}
    for metric in their_definition.METRICS:
        query = compile_query([metric], (), None, SEPTEMBER)
        row = con.execute(query.sql, query.params).fetchall()[0]
        found[metric.code] = row[:2]
    seen, calls = [29.0, 60.0, 120.0, 121.0], [19.0, 30.0, 100.0, 120.0, 30.0, 50.0, 40.0, 25.0]
    totals = [70.0, 89.0, 150.0, 131.0, 105.0, 35.0, 115.0]
    expected = {
        # Q of v1 to v4 is 10, 30, 20, 1; T is 19, 30, 100, 120; 60 is not under 60, 120 neither under nor over 120
        "metris_queue_p50": (15.0, 4), "metris_terminal_p50": (65.0, 4), "metris_visit_p50": (90.0, 4), "metris_under_30_share": (0.25, 4), "metris_under_60_share": (0.25, 4),
        "metris_under_90_share": (0.5, 4), "metris_under_120_share": (0.5, 4), "metris_seen_share": (4 / 6, 6), "vancouver_under_60_share": (0.25, 4), "vancouver_over_120_share": (0.25, 4),
        "hta_visit_mean": (82.5, 4), "hta_visit_sd": (statistics.stdev(seen), 4),
        # day: Monday 8 h and Friday 16 h; night: Friday 17 h, Monday 7 h, Saturday; v6 has a ticket, v5 two terminals
        "pierpass_day_mean": (24.5, 2), "pierpass_day_sd": (statistics.stdev([19, 30]), 2), "pierpass_night_mean": (245 / 3, 3), "pierpass_night_sd": (statistics.stdev([100, 120, 25]), 3),
        # every call of every visit, ticket or not, without its 0.75 min at the gate
        "botany_turn_mean": (51.75, 8), "botany_turn_sd": (statistics.stdev(calls), 8), "tic_turn_p50": (35.0, 8), "tic_turn_p90": (106.0, 8),
        "total_visit_mean": (statistics.fmean(totals), 7), "total_under_60_share": (1 / 7, 7), "total_over_120_share": (2 / 7, 7),
    }  # fmt: skip
    assert set(found) == set(expected)
    for code, (value, n) in expected.items():
        assert found[code] == (pytest.approx(value), n), code


def test_the_interval_of_a_mean_is_the_normal_one_and_wants_thirty_rows():
    assert of_mean(50.0, 10.0, 100) == pytest.approx((50 - 1.959964, 50 + 1.959964))
    assert of_mean(50.0, 10.0, 29) is None and of_mean(None, 10.0, 99) is None and of_mean(50.0, None, 99) is None


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda definition: definition.code)
def test_every_definition_says_all_it_must_and_its_marks_stand_in_the_site(definition: Definition):
    marks = load_site(SAMPLE_SITE).tables["dim_benchmarks"].filter(pl.col("definition_code") == definition.code)
    assert all(text.endswith(".") for text in definition.texts) and definition.sources and len(definition.denies) == 2
    assert all(any(character.isdigit() for character in source) or "read" in source for source in definition.sources), "a source bears its date"
    wanted = {code for figure in definition.figures for code in figure.marks}
    assert set(marks["metric_code"]) == wanted, "every published figure has its own beside it, and the other way round"
    assert set(marks["nature_code"]) <= NATURES
    assert not definition.port or definition.port in set(marks["port"])
    for figure in definition.figures:
        unit = METRICS[figure.metric].unit
        assert {METRICS[code].unit for code in (figure.whole, figure.sd) if code} <= {unit}
        assert set(marks.filter(pl.col("metric_code").is_in(figure.marks))["unit"]) <= {"%" if unit == "share" else "min"}
        assert figure.sd or METRICS[figure.metric].has_interval, "every figure has an interval"


def test_every_metric_of_the_area_is_used_and_nothing_published_only_is_recomputed():
    used = {code for definition in DEFINITIONS for code in definition.metrics}
    assert {metric.code for metric in their_definition.METRICS} <= used
    published = load_site(SAMPLE_SITE).tables["dim_benchmarks"].filter(pl.col("port").str.starts_with(PUBLISHED_ONLY[0]) | pl.col("port").str.starts_with(PUBLISHED_ONLY[1]))
    assert published.height == 3 and published["definition_code"].null_count() == 3
    assert not any(port in definition.name for definition in DEFINITIONS for port in PUBLISHED_ONLY)


def test_a_definition_that_names_no_metric_is_refused():
    with pytest.raises(DeclarationError, match="metric 'nothing' is not known"):
        replace(DEFINITIONS[0], figures=(Figure("nothing", "x"),))
    with pytest.raises(DeclarationError, match="none of its figures"):
        replace(DEFINITIONS[0], head="tic_turn_p50")


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2026-09-07", "2026-10-04", ("2026-09-01", "2026-10-01")),  # no month whole in it: the last one before its end
        ("2026-07-15", "2026-10-04", ("2026-08-01", "2026-10-01")), ("2026-07-01", "2026-07-31", ("2026-07-01", "2026-08-01")),
        ("2026-10-01", "2026-10-31", ("2026-09-01", "2026-10-01")),  # this month is not over
        ("2026-06-10", "2026-06-20", ("2026-06-10", "2026-06-20")),  # the data begin in June: no whole month lies before
    ],
)  # fmt: skip
def test_whole_months_are_asked_for(first, last, expected):
    chosen = Selection("MACAS", dt.date.fromisoformat(first), dt.date.fromisoformat(last) + dt.timedelta(days=1), view="core", lane=("6A",))
    found = turnaround_definitions.full_months(chosen, dt.date(2026, 6, 7), dt.date(2026, 10, 4))
    end = dt.date.fromisoformat(expected[1]) + (dt.timedelta(days=1) if expected[1] == last else dt.timedelta())
    assert (found.first_day, found.end_day) == (dt.date.fromisoformat(expected[0]), end)
    assert found.view == "all" and found.lane == ("6A",)


def opened(lang: str = "en", **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=30)
    app.query_params["lang"] = lang
    app.switch_page("screens/turnaround.py")
    app.query_params["part"] = "definitions"
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    return app


def text_of(app: AppTest) -> str:
    return "\n".join(str(block.proto.body) for block in app.get("html")) + "\n".join(each.value for kind in (app.title, app.header) for each in kind)


@pytest.mark.parametrize("lang", LANGS)
def test_the_part_opens_with_what_follows_and_what_does_not(lang, sel):
    app, say = opened(lang), translator(lang)
    text = text_of(app)
    assert text.count('data-testid="concluded"') == 2 * len(DEFINITIONS)
    assert all(say(definition.name) in text for definition in DEFINITIONS)
    assert say("Published only: Tanger Med and Marseille Fos") in text
    charts = app.get("plotly_chart")
    assert len(charts) == len(DEFINITIONS) + 1 and all(chart.proto.alt for chart in charts)  # METRIS has minutes and shares
    months = turnaround_definitions.full_months(sel, store.build().first_day, store.build().now_day)
    value = store.ask(months, ["metris_visit_p50"]).cell("metris_visit_p50").value
    ours = words.value(value, "min", lang, 0)
    assert say("{figure}: {ours} here by their clock; {mark}.", figure=say("Median visit"), ours=ours, mark="").rstrip(".") in text


def test_what_is_left_out_by_the_view_is_counted_again_and_the_page_says_so(small):
    text = text_of(opened(view="core", lane="6A"))
    assert "Only PierPass is known to leave visits out" in text and "Only the visits of the filters chosen above." in text


def test_months_without_a_seen_queue_have_no_figure_that_begins_in_it(small):
    text = text_of(opened(**{"from": "2026-07-01", "to": "2026-07-31"}))
    assert "No queue was seen in these months" in text and text.count("No figure here:") == 3
    assert text.count("Too few visits here to set beside anything.") == 3
    assert "Median call at a terminal: " in text


def test_a_build_whose_marks_know_no_definition_still_shows_our_own(small, monkeypatch):
    real = store.Store.table

    def older(own, name):
        frame = real(own, name)
        return frame.drop("definition_code", "nature_code", "from_on", "to_on", "read_on") if name == "dim_benchmarks" else frame

    monkeypatch.setattr(store.Store, "table", older)
    text = text_of(opened())
    assert text.count("the site folder gives no published figure") == len(DEFINITIONS) - 1 and "the standard publishes no figure" in text


@pytest.mark.parametrize(("hits", "n"), [(72, 72), (0, 72), (1, 1), (0, 1), (480, 480)])
def test_a_share_of_all_or_none_lies_within_its_own_interval(hits, n):
    """72 of 72 answered referrals once had an upper limit of 0.9999999999999999."""
    low, high = wilson_limits(np.array([hits / n]), np.array([n]))
    assert low[0] <= hits / n <= high[0] and (low[0], high[0]) == pytest.approx(wilson(hits, n))
    assert wilson(hits, n)[0] <= hits / n <= wilson(hits, n)[1]
