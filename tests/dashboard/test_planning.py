"""The page that plans a pilot: answers in words, follows its controls, says why it cannot; and its chart."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import store
from dashboard.evidence import design
from dashboard.evidence.history import past_of
from dashboard.evidence.words import FORBIDDEN
from dashboard.i18n import LANGUAGES
from dashboard.screens import PAGES
from dashboard.screens.planning_options import against, chosen, not_before
from dashboard.views.planning import Curve, days_by_size

ROOT = Path(__file__).resolve().parents[2]
LANGS = [language.code for language in LANGUAGES]


def open_page(**query: str) -> AppTest:
    page = next(page for page in PAGES if page.code == "planning")
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=30)
    app.run()
    app.switch_page(str(page.path.relative_to(ROOT / "dashboard")))
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def text_of(app: AppTest) -> str:
    parts = [str(block.proto.body) for block in app.get("html")]
    return "\n".join([*parts, *(each.value for kind in (app.title, app.header, app.markdown, app.warning) for each in kind), *(element.proto.alt for element in app.get("plotly_chart"))])


def answer(app: AppTest) -> str:
    return re.search(r'data-testid="answer">([^<]*)', text_of(app)).group(1)


@pytest.mark.parametrize("lang", LANGS)
def test_the_page_answers_and_claims_nothing(lang, small) -> None:
    app = open_page(lang=lang)
    assert not app.exception, app.exception
    assert re.search(r"\d", answer(app)) and app.warning and len(app.get("plotly_chart")) == 1
    assert not FORBIDDEN.search(text_of(app)), FORBIDDEN.search(text_of(app))
    assert app.code[0].value.startswith("smartport lock --write")


def test_the_answer_is_the_design_s_own_days(small) -> None:
    past = past_of(store.of())
    app = open_page(lang="en")
    units, start = past.kinds["lane"], app.date_input(key="planning_start").value
    n = app.number_input(key="planning_lanes").value
    made = design.comparison("lane", design.unit_noise(units.y, units.regimes), units.visits, chosen(units, n), (start - past.regime_from).days)
    for size in (10, 25, 5):
        app.number_input(key="planning_size").set_value(size).run()
        assert not app.exception
        days = made.days(-math.log1p(-size / 100))
        assert f"{days} days ({n} lanes against the others)" in answer(app) if days else "more than two years (" in answer(app)
    assert start.weekday() == 0 and start > past.last_day


@pytest.mark.parametrize("block", [1, 14, 28])
def test_every_length_of_block_has_its_calendar_or_says_why_not(block, small) -> None:
    app = open_page(lang="en")
    app.number_input(key="planning_size").set_value(25)
    app.segmented_control(key="planning_block").set_value(block).run()
    assert not app.exception, app.exception
    said = text_of(app)
    assert ("pairs of blocks" in said) or ("days measured" in said) or ("choose shorter ones" in said)


def test_a_start_too_soon_after_the_last_change_is_dated_and_has_no_days(small) -> None:
    past = past_of(store.of())
    fresh = replace(past, regime_from=past.last_day)
    start = past.last_day + dt.timedelta(days=14)
    assert not_before(fresh, start) == past.last_day + dt.timedelta(days=56) and not_before(past, start) is None
    assert against(fresh, "lane", fresh.kinds["lane"], 3, start).days(0.25) is None
    assert against(fresh, "lane", fresh.kinds["lane"], 3, past.last_day + dt.timedelta(days=56)).sees(28) is not None


def test_too_few_days_are_said_with_their_date(tmp_path, monkeypatch) -> None:
    import sys

    settings = sys.modules["small_build"].make(tmp_path, days=40, per_day=60, seed=7)
    monkeypatch.setenv("SMARTPORT_HOME", str(settings.home))
    monkeypatch.setenv("SMARTPORT_SITE", str(settings.site))
    store.use(settings)
    try:
        app = open_page(lang="en")
        assert not app.exception, app.exception
        assert "A pilot cannot be planned yet: 36 days were measured and 56 are needed" in answer(app) and not app.get("plotly_chart")
    finally:
        store.use(None)


def test_pilot_and_comparison_lanes_are_alike_in_traffic(small) -> None:
    units = past_of(store.of()).kinds["lane"]
    mask = chosen(units, len(units.names) // 2)
    assert mask.sum() == len(units.names) // 2
    assert units.visits[mask].mean() == pytest.approx(units.visits[~mask].mean(), rel=0.1)


def test_labels_stand_apart_on_the_side_with_room() -> None:
    sizes = [3.0, 10.0, 25.0]
    curves = [Curve("a · 30", [None, 30, 28], 30, [""] * 3), Curve("b · 28", [200, 28, 28], 28, [""] * 3), Curve("c · –", [None, None, 700], None, [""] * 3)]
    at_10, at_20 = (days_by_size(sizes, curves, chosen, x_words="x", y_words="y", suffix=" %").checked().layout.annotations for chosen in (10, 20))
    assert [note.text for note in at_10] == ["<b>a · 30</b>", "<b>b · 28</b>"] and {note.xanchor for note in at_10} == {"left"} and {note.xanchor for note in at_20} == {"right"}
    assert at_10[0].y - at_10[1].y >= 0.08 and at_10[1].y == pytest.approx(math.log10(28))
