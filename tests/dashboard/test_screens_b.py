"""Congestion, pilot, data quality and handbook on a small real build, in both languages."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import store
from dashboard.evidence import recorded
from dashboard.i18n import LANGUAGES
from dashboard.metrics import METRICS
from dashboard.screens import PAGES
from dashboard.screens.quality import reconciles

ROOT = Path(__file__).resolve().parents[2]
LANGS = [language.code for language in LANGUAGES]
MINE = ("congestion", "pilot", "quality", "handbook")


def open_page(code: str, **query: str) -> AppTest:
    page = next(page for page in PAGES if page.code == code)
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=30)
    app.run()
    app.switch_page(str(page.path.relative_to(ROOT / "dashboard")))
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def text_of(app: AppTest) -> str:
    parts = [str(block.proto.body) for block in app.get("html")]
    return "\n".join([*parts, *(each.value for kind in (app.title, app.header, app.subheader, app.markdown, app.warning, app.caption) for each in kind)])


def alts(app: AppTest) -> list[str]:
    return [str(element.proto.alt) for element in app.get("plotly_chart")]


@pytest.mark.parametrize("lang", ["en", "fr", pytest.param("ar", marks=pytest.mark.slow)])  # in Arabic every page opens in test_screens_a
@pytest.mark.parametrize("code", MINE)
def test_page_answers_in_words_and_every_chart_has_its_finding(code: str, lang: str, small) -> None:
    app = open_page(code, lang=lang)
    assert not app.exception, app.exception
    assert 'data-testid="answer"' in text_of(app)
    for alt in alts(app):
        assert len(alt) > 25 and re.search(r"\d", alt), f"{code}: alternative text '{alt}' says no finding"


@pytest.mark.parametrize("code", ["congestion", "pilot", "quality"])
def test_filters_that_match_nothing_say_so_instead_of_drawing_zeros(code: str, small) -> None:
    app = open_page(code, lang="en", **{"from": "2020-01-01", "to": "2020-01-02"})
    assert not app.exception, app.exception


def test_lost_hours_are_additive(sel) -> None:
    result = store.ask(sel, ["lost_hours"], by=["place"], totals=True)
    whole = result.total["lost_hours"][0]
    assert result.rows["lost_hours"].sum() == pytest.approx(whole)
    by_hour = store.ask(sel, ["lost_hours"], by=["step_hour"])
    assert by_hour.rows["lost_hours"].sum() == pytest.approx(whole)


def test_drilling_into_one_zone_shows_weekdays(small) -> None:
    app = open_page("congestion", lang="en", part="hours")
    zone = app.selectbox(key="congestion_zone")
    assert len(zone.options) > 1
    zone.select_index(1).run()
    assert not app.exception, app.exception
    heatmap = next(element for element in app.get("plotly_chart") if "Slowest cell" in element.proto.alt or "grey" in element.proto.alt)
    assert "Monday" in heatmap.proto.spec


def test_means_open_never_exceed_those_known(sel) -> None:
    frame = store.rows("means_by_hour", sel)
    assert frame.filter(pl.col("open_n") > pl.col("total_n") + 1e-9).is_empty()
    assert frame.group_by("means_kind_code", "zone_code").len()["len"].unique().to_list() == [24]


# ---------------------------------------------------------------------------------------------------------------------------- the pilot
def test_pilot_window_is_the_same_whole_weeks_on_both_sides(sel) -> None:
    start = dt.date(2026, 7, 13)
    window = recorded.window(replace(sel, terminal=("TCE",)), start, dt.date(2026, 1, 5), dt.date(2026, 10, 4), equal=True)
    assert (window.first_day, window.end_day) == (start - dt.timedelta(weeks=12), start + dt.timedelta(weeks=12))
    assert window.terminal == ("TCE",) and window.comparison == "none"
    every = recorded.window(sel, start, dt.date(2026, 1, 5), dt.date(2026, 10, 4), equal=False)
    assert (every.first_day, every.last_day) == (dt.date(2026, 1, 5), dt.date(2026, 10, 4))
    assert recorded.window(sel, start, dt.date(2026, 1, 5), dt.date(2026, 7, 1), equal=True) is None


def test_like_for_like_keeps_raw_figures_and_standardises_by_hand(sel, small) -> None:
    """The detail against the same sums made in Polars, row by row."""
    build = store.build()
    window = replace(sel, first_day=build.first_day, end_day=build.last_day + dt.timedelta(days=1), period="custom", comparison="none")
    frame = store.rows("pilot_like_for_like", window)
    assert set(frame["way"]) == {"raw", "like_for_like"}
    visits = store.of(sel.port).opened().connection.cursor().sql(
        "SELECT arm_code, pilot_period_code AS period_code, entry_lane_code, entry_hour // 4 AS block, cargo_class_code, turnaround_min FROM fct_visits"
        " WHERE arm_code IS NOT NULL AND pilot_period_code IS NOT NULL AND turnaround_min IS NOT NULL"
    ).pl()  # fmt: skip
    for row in frame.filter(pl.col("way") == "raw").to_dicts():
        mine = visits.filter((pl.col("arm_code") == row["arm_code"]) & (pl.col("period_code") == row["period_code"]))["turnaround_min"]
        assert row["n"] == len(mine) and row["mean_min"] == pytest.approx(mine.mean())
        assert abs(row["q50"] - mine.median()) < 0.5
        assert row["over_60"] == pytest.approx((mine > 60).mean())
    cell = ["arm_code", "entry_lane_code", "block", "cargo_class_code"]
    sides = {period: visits.filter(pl.col("period_code") == period).group_by(cell).agg(pl.len().alias(f"{period}_n"), pl.col("turnaround_min").mean().alias(period)) for period in ("before", "after")}
    both = sides["before"].join(sides["after"], on=cell, how="inner", nulls_equal=True)
    for row in frame.filter(pl.col("way") == "like_for_like").to_dicts():
        mine = both.filter(pl.col("arm_code") == row["arm_code"])
        expected = (mine[row["period_code"]] * mine["after_n"]).sum() / mine["after_n"].sum()
        assert row["mean_min"] == pytest.approx(expected)


# -------------------------------------------------------------------------------------------------------------------------- reliability
def test_files_that_do_not_add_up_are_found() -> None:
    files = pl.DataFrame(
        {"status_code": ["loaded", "loaded", "refused"], "read_n": [10, 10, 5], "good_n": [7, 7, 0], "rejected_n": [2, 2, 0], "duplicate_n": [1, 0, 0]}
    )
    assert reconciles(files)["gap_n"].to_list() == [0, 1, None]


def test_quality_lists_rejects_masked_and_narrows_to_one_file(small) -> None:
    rejects = store.rows("rejects", store_selection())
    app = open_page("quality", lang="en", **{"from": store.build().first_day.isoformat(), "to": store.build().last_day.isoformat()})
    assert not app.exception, app.exception
    assert rejects.height > 0 and "masked_line" in rejects.columns


def store_selection():
    from dashboard.selection import Selection

    build = store.build()
    return Selection(build.port_code, build.first_day, build.last_day + dt.timedelta(days=1))


# ----------------------------------------------------------------------------------------------------------------------------- handbook
@pytest.mark.parametrize("lang", LANGS)
def test_handbook_shows_every_metric_with_its_sql(lang: str, small) -> None:
    text = text_of(open_page("handbook", lang=lang))
    for code in METRICS:
        assert f'data-testid="kpi-{code}"' in text, code
    assert "quantile_cont" in text


def test_handbook_search_narrows(small) -> None:
    app = open_page("handbook", lang="en")
    app.text_input(key="handbook_search").set_value("congestion index").run()
    text = text_of(app)
    assert 'data-testid="kpi-congestion_index"' in text and 'data-testid="kpi-visits"' not in text


@pytest.mark.parametrize("query", [{"lane": "6A"}, {"lane": "6D,6E"}, {"terminal": "TCE", "view": "core"}, {"d": "7d"}, {"vs": "none", "direction": "dual"}], ids=str)
@pytest.mark.parametrize("code", ["congestion", "pilot", "quality"])
def test_pages_stand_under_any_filter(code: str, query: dict[str, str], small) -> None:
    app = open_page(code, lang="fr", **query)
    assert not app.exception, app.exception
    assert "None" not in text_of(app)
