"""Tomorrow on the congestion page and both sides of the slots on the exchange page: figures are the rows', and what is not known is said in words."""

from __future__ import annotations

import datetime as dt
import html
import re
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import forecast, store
from dashboard.forecast import Errors, Middle
from dashboard.i18n import LANGUAGES
from dashboard.screens import PAGES, congestion_tomorrow

ROOT = Path(__file__).resolve().parents[2]


def opened(code: str, part: str, lang: str = "en", **query: str) -> AppTest:
    page = next(page for page in PAGES if page.code == code)
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=30)
    app.query_params["lang"] = lang
    app.run()
    app.switch_page(str(page.path.relative_to(ROOT / "dashboard")))
    for name, value in {"lang": lang, "part": part, **query}.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    return app


def text_of(app: AppTest) -> str:
    return html.unescape("\n".join([*(str(block.proto.body) for block in app.get("html")), *(each.value for kind in (app.header, app.markdown) for each in kind)]))


@pytest.mark.parametrize("lang", [language.code for language in LANGUAGES])
def test_the_part_opens_in_every_language_with_a_finding_under_every_figure(lang: str, small) -> None:
    app = opened("congestion", "tomorrow", lang)
    alts = [str(element.proto.alt) for element in app.get("plotly_chart")]
    assert len(alts) == 3 and all(any(letter.isdigit() for letter in alt) for alt in alts)


def test_what_is_said_of_tomorrow_is_what_the_forecast_gives(sel) -> None:
    """The bookings it names are those of fct_bookings that stood at midnight; the metric of the same name counts them too."""
    evening = forecast.last_whole_day(store.build().now_local_at)
    day = evening + dt.timedelta(days=1)
    midnight = dt.datetime.combine(day, dt.time())
    known = store.table("fct_bookings").filter((pl.col("slot_day") == day) & (pl.col("booked_local_at") < midnight)).height
    app = opened("congestion", "tomorrow")
    assert known > 5 and f"expected from {known} bookings" in text_of(app)
    only = replace(sel, first_day=day, end_day=day + dt.timedelta(days=1), period="custom", comparison="none")
    assert store.ask(only, ["bookings_known_before"]).cell("bookings_known_before").value == known
    assert store.rows("booked_before", only)["booked_n"].sum() == known
    table = next(each.value for each in app.dataframe if "Bookings known" in each.value.columns and len(each.value) == 24)
    assert table["Bookings known"].sum() == known
    total = int(re.search(r"about (\d+) trucks expected", text_of(app))[1])
    assert total == pytest.approx(table["Expected"].sum(), abs=0.5 + 24 * 0.005)  # both are rounded


def changed(monkeypatch: pytest.MonkeyPatch, **values: object) -> None:
    made = congestion_tomorrow._told
    monkeypatch.setattr(congestion_tomorrow, "_told", lambda page, now: replace(made(page, now), **{name: value(made(page, now)) if callable(value) else value for name, value in values.items()}))
    store.of()._cache.clear()


def test_without_bookings_it_says_so_and_still_scores_the_past(small, monkeypatch) -> None:
    changed(monkeypatch, booked_n=0, hours=pl.DataFrame(schema=forecast.TOLD))
    app = opened("congestion", "tomorrow")
    assert "No bookings known for" in text_of(app) and "How right it was" in text_of(app)
    store.of()._cache.clear()


def test_a_method_that_does_not_beat_last_week_says_so(small, monkeypatch) -> None:
    changed(monkeypatch, score=lambda told: replace(told.score, method=Errors(3.0, 0.0, 0, 0, 2), week_ago=Errors(2.0, 0.0, 0, 0, 0), queue_over=Middle(6.0, 4.0, 8.0, 40), queue_other=Middle(5.0, 4.5, 5.5, 400)))
    said = text_of(opened("congestion", "tomorrow"))
    assert "Not better than the plainest guess" in said and "do not plan by it" in said and "No hour was overloaded; false warnings: 2." in said
    assert "Queues do not confirm the limit" in said
    store.of()._cache.clear()


def test_places_offered_and_given_are_the_rows(sel) -> None:
    inside = pl.col("slot_day").is_between(sel.first_day, sel.last_day)
    offered = store.table("fct_slots").filter(inside).group_by("terminal_code").agg(pl.col("offered_n").sum())
    given = store.table("fct_appointments").filter(inside & ~pl.col("outcome_code").is_in(["refused", "cancelled"])).group_by("terminal_code").len()
    table = next(each.value for each in opened("exchange", "slots").dataframe if "Given of those offered" in each.value.columns)
    names = store.names("terminal", "en")
    assert dict(zip(table["Terminal"], table["Offered"], strict=True)) == {names[code]: f"{n:,}" for code, n in offered.iter_rows()}
    assert dict(zip(table["Terminal"], table["Given"], strict=True)) == {names[code]: f"{n:,}" for code, n in given.iter_rows()}


def test_offers_that_are_not_known_are_no_zero(small) -> None:
    """The log of offers knows no direction; and before its first day there is none."""
    app = opened("exchange", "slots", direction="import")
    assert "no data by direction" in text_of(app)
    assert set(next(each.value for each in app.dataframe if "Offered" in each.value.columns)["Offered"]) == {"no data"}
    store.of().opened()._first["fct_slots", "slot_day"] = None
    try:
        assert "This port has sent no log of them" in text_of(opened("exchange", "slots"))
    finally:
        store.of().opened()._first.clear()
