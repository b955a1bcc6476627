"""Frame, overview, turnaround and visit on a small real build, in both languages."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import store
from dashboard.briefing import record
from dashboard.i18n import LANGUAGES, translator
from dashboard.screens import PAGES
from dashboard.selection import Selection
from dashboard.widgets import kpi_card, unknown

ROOT = Path(__file__).resolve().parents[2]
LANGS = [language.code for language in LANGUAGES]


def open_page(code: str, **query: str) -> AppTest:
    page = next(page for page in PAGES if page.code == code)
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=30)
    app.run()
    if page.url:
        app.switch_page(str(page.path.relative_to(ROOT / "dashboard")))
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def text_of(app: AppTest) -> str:
    """Everything the reader is shown as text or HTML."""
    return "\n".join(str(block.proto.body) for block in app.get("html")) + "\n" + "\n".join(each.value for kind in (app.title, app.header, app.subheader, app.markdown, app.warning) for each in kind)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.code)
def test_every_page_opens_in_every_language_with_the_stamp(page, lang, small) -> None:
    app = open_page(page.code, lang=lang)
    assert not app.exception, app.exception
    assert translator(lang)("Demonstration data - fictitious") in text_of(app)


def test_overview_answers_with_n_freshness_and_a_word(small) -> None:
    text = text_of(open_page("overview", lang="en"))
    for part in ("Half of the trucks leave the port within", "1 truck in 10 takes more than", "n = ", "data up to", "At the last complete reading", "Reference mark", "seen for"):
        assert part in text, part
    assert 'class="word' in text


def test_overview_shows_the_border_judged_like_the_visits(sel: Selection) -> None:
    text = text_of(open_page("overview", lang="en"))
    assert "The border" in text
    border = text[text.index('data-testid="card-clearance_p50"') :]
    for code in ("clearance_p50", "clearance_48h_share", "both_weighings_share", "csi_24h_share"):
        assert f'data-testid="card-{code}"' in border, code
    released = store.ask(sel, ["clearance_48h_share"]).cell("clearance_48h_share")
    assert f'<div class="value">{released.value:.1%}</div>' in border and f"n = {released.n:,}" in border
    day = store.build().now_day - dt.timedelta(days=8)  # a week later than the visits' day: goods had time to be released
    assert border.count(f"on {day:%A}, {day.day} {day:%B}: ") == 2
    filtered = text_of(open_page("overview", lang="en", terminal="TCE"))
    assert "Whole port; of the filters only the customs channel applies." in filtered and "Whole port; of the filters" not in text


def test_overview_says_the_same_median_as_the_store(sel) -> None:
    value = store.ask(sel, ["turnaround_p50"]).cell("turnaround_p50").value
    assert f'<div class="value">{value:.0f} <small>min</small>' in text_of(open_page("overview", lang="en"))


def test_illegal_address_falls_back_with_a_note(small) -> None:
    app = open_page("overview", lang="en", d="soon", terminal="TCE,MOON", view="core")
    assert not app.exception
    assert {"MOON", "soon"} <= {word for warning in app.warning for word in ("MOON", "soon") if word in warning.value}
    assert "Without inspections" in text_of(app)


def test_a_filter_moves_into_the_address_and_reset_clears_it(small) -> None:
    app = open_page("overview", lang="en")
    app.multiselect(key="f_terminal").set_value(["TCE"]).run()
    assert app.query_params["terminal"] in ("TCE", ["TCE"])
    app.button(key="filters_reset").click().run()
    assert "terminal" not in app.query_params
    assert app.multiselect(key="f_terminal").value == []


def test_an_empty_selection_says_so_and_offers_a_way_out(small) -> None:
    app = open_page("overview", lang="fr", **{"from": "2019-01-01", "to": "2019-01-07"})
    assert not app.exception
    assert "Aucune visite dans cette sélection." in text_of(app)


def test_turnaround_charts_say_their_finding(small) -> None:
    app = open_page("turnaround", lang="en")
    charts = app.get("plotly_chart")
    assert len(charts) >= 4
    assert all(chart.proto.alt for chart in charts)
    assert "Means are shown here" in text_of(app)


def test_the_list_behind_a_figure_opens_from_the_address(sel) -> None:
    app = open_page("turnaround", lang="en", drill="lane:6A")
    assert not app.exception
    n = store.rows("visits", sel, narrow={"lane": "6A"}, metric="turnaround_p50").height
    assert f"n = {n:,} visits" in text_of(app)
    assert open_page("turnaround", lang="en", drill="plate:12345").warning


def test_a_visit_shows_its_lines_and_hides_its_truck(sel) -> None:
    row = store.rows("visits", sel).filter(pl.col("turnaround_min").is_not_null()).row(0, named=True)
    app = open_page("visit", lang="fr", visit=row["visit_id"])
    assert not app.exception
    assert app.title[0].value.startswith("Camion ")
    assert "Entrée au port" in text_of(app)
    assert app.dataframe[-1].value.shape[0] >= 1
    code = record.code(record.facts(store.of(), row["visit_id"]))
    assert code in text_of(app) and "En route entre deux points" in text_of(app)
    assert "Identique" in text_of(app.text_input(key="record_check").input(code).run())


def test_an_unknown_visit_is_said_not_raised(small) -> None:
    app = open_page("visit", lang="en", visit="'; DROP TABLE fct_visits; --")
    assert not app.exception
    assert "No visit has this number" in text_of(app)


def test_without_a_build_the_page_says_what_to_run(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("SMARTPORT_HOME", str(tmp_path))
    store.use(None)
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=30)
    app.query_params["lang"] = "fr"
    app.run()
    assert not app.exception
    assert app.title[0].value == "Rien n’a encore été chargé"
    assert any(code.value == "smartport load INBOX" for code in app.code)


def test_pages_list() -> None:
    assert [page.code for page in PAGES if page.url == ""] == ["overview"]
    assert len({page.url for page in PAGES}) == len(PAGES)
    assert all(page.path.is_file() for page in PAGES)


def test_sparkline_keeps_gaps_and_draws_nothing_from_one_point() -> None:
    assert kpi_card.sparkline([1.0]) == ""
    assert "spark-line" in kpi_card.sparkline([1.0, None, 3.0, 2.0])


@pytest.mark.parametrize(
    ("path", "word"), [("/turnaroud", "turnaroud"), ("/congestion/old", ""), ("/", ""), ("/flow", ""), ("/_stcore", ""), ("/favicon.png", ""), ("/export/abc/visits.csv", ""), ("/oauth2callback", ""), ("/pagé-2/", "pagé-2"), ("/a<b", "")],
)  # fmt: skip
def test_only_a_plain_word_that_is_no_page_is_missing(path: str, word: str) -> None:
    assert unknown.missing(path) == word


def test_an_unknown_address_leads_to_the_first_page_with_its_question() -> None:
    async def asked(path: str, query: bytes) -> list[dict]:
        sent: list[dict] = []

        async def real(scope, receive, send) -> None:
            sent.append({"passed": scope["path"]})

        async def send(message: dict) -> None:
            sent.append(message)

        await unknown.Unknown(real)({"type": "http", "method": "GET", "path": path, "query_string": query, "headers": []}, None, send)
        return sent

    found = asyncio.run(asked("/turnaroud", b"lang=fr&terminal=TCE%2CTC3&missing=x"))
    assert found[0]["status"] == 302 and dict(found[0]["headers"])[b"location"] == b"/?lang=fr&terminal=TCE%2CTC3&missing=turnaroud"
    assert asyncio.run(asked("/turnaround", b"")) == [{"passed": "/turnaround"}]


def test_the_first_page_says_which_address_is_no_page(small) -> None:
    app = open_page("overview", lang="fr", missing="turnaroud](http://x)")
    assert [each.value for each in app.warning] == ["Il n’y a pas de page «\u00a0turnaroudhttpx\u00a0» ici. Voici la première\u00a0; le menu ci-dessus mène aux autres."]
    assert not open_page("overview", lang="fr").warning
