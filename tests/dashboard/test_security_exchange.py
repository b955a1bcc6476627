"""The pages of security and of exchange: every part in every language, what they say of too little data, and that no small count can be had back from what stands beside it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import small_build
from streamlit.testing.v1 import AppTest

from dashboard import store
from dashboard.evidence.selected import Extra
from dashboard.i18n import LANGUAGES, translator
from dashboard.metrics import cargo
from dashboard.metrics.intervals import wilson
from dashboard.screens import exchange, security
from dashboard.views.selected import sentence
from etl import warehouse
from etl.contracts.reference import load_site
from etl.settings import SAMPLE_SITE, Settings

ROOT = Path(__file__).resolve().parents[2]
LANGS = [language.code for language in LANGUAGES]
TITLES = {"security": "Security and flow", "exchange": "Documents and exchange"}
PARTS = [("security", part) for part in security.PARTS] + [("exchange", part) for part in exchange.PARTS]


def opened(page: str, part: str, lang: str = "en", **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=30)
    app.query_params["lang"] = lang
    for name, value in query.items():
        app.query_params[name] = value
    app.switch_page(f"screens/{page}.py")
    app.query_params["part"] = part
    app.run()
    assert not app.exception, app.exception
    assert f"{page}_part" not in app.session_state or app.session_state[f"{page}_part"] == part
    return app


def text_of(app: AppTest) -> str:
    return "\n".join(str(block.proto.body) for block in app.get("html")) + "\n".join(each.value for kind in (app.title, app.header, app.markdown) for each in kind)


def manifests(sel) -> pl.DataFrame:
    """The filings of a period, straight from the build: the store does not hand them out."""
    return store.of().opened().frame("SELECT * FROM fct_manifests WHERE filed_day >= $first AND filed_day < $end", {"first": sel.first_day, "end": sel.end_day})


def months(sel):
    """The whole months a selection is answered by."""
    return cargo.settled(sel, store.build().now_day, store.of().opened().first(*cargo.LOG))


# ---------------------------------------------------------------------- both pages
@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(("page", "part"), PARTS)
def test_every_part_opens_in_every_language(page, part, lang, small):
    app = opened(page, part, lang, d="90d")
    assert translator(lang)(TITLES[page]) in text_of(app)
    assert all(chart.proto.alt for chart in app.get("plotly_chart"))


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A port that logs its gate and little else, as the trial data of other ports do."""
    site, settings = load_site(SAMPLE_SITE), Settings(home=tmp_path_factory.mktemp("bare"), site=SAMPLE_SITE)
    made = small_build.frames(site, days=20, per_day=20)
    gone = {"fct_manifests", "fct_messages", "fct_container_moves", "fct_appointments"}
    facts = {name: frame.filter(pl.col("event_code") != "document_check") if name == "fct_visit_events" else frame for name, frame in made.items() if name not in gone}
    facts["fct_visits"] = facts["fct_visits"].with_columns(document_checks_n=pl.lit(None, dtype=pl.Int64))
    books = small_build.ledger(site, facts)
    warehouse.publish(settings, site, warehouse.Changes({**facts, "dq_rejects": books["dq_rejects"]}), books)
    return settings


@pytest.mark.parametrize(("page", "part"), PARTS)
def test_a_port_without_such_logs_is_told_so_in_words(page, part, bare, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SMARTPORT_HOME", str(bare.home))
    store.use(bare)
    try:
        app = opened(page, part)
    finally:
        store.use(None)
    assert "No data: this port has sent no" in text_of(app) and not app.get("plotly_chart")
    assert part != "paper" or "No data: no document check is recorded" in text_of(app)


@pytest.mark.parametrize(("page", "part"), PARTS)
def test_a_period_before_the_first_line_is_no_zero(page, part, small):
    app = opened(page, part, **{"from": "2020-01-01", "to": "2020-01-07"})
    assert "No data" in text_of(app) and not app.get("plotly_chart")


# ---------------------------------------------------------------------- security
def test_filed_in_time_is_the_rows_and_wilson(sel):
    rows = manifests(months(sel)).drop_nulls("lead_min")
    hits, n = rows.filter(pl.col("lead_min") >= 1440).height, rows.height
    low, high = wilson(hits, n)
    asked = store.ask(sel, ["csi_24h_share"])
    cell = asked.cell("csi_24h_share")
    small_cell = store.of().settings.small_cell
    assert min(hits, n - hits) >= small_cell and (cell.value, cell.low, cell.high) == (pytest.approx(hits / n), pytest.approx(low), pytest.approx(high))
    assert f"{hits / n:.1%}" in text_of(opened("security", "filing")) and asked.selection == months(sel)


def test_hidden_figures_are_said_in_words_and_never_zero(sel):
    """In a quarter of the small build few inspections find anything: the hit rate would tell how many."""
    quarter = cargo.settled(sel, store.build().now_day, None, is_rare=True)
    shown = text_of(opened("security", "screening"))
    assert 0 < (manifests(quarter)["inspection_result_code"] == "hit").sum() < store.of().settings.small_cell
    assert "The hit rate is not shown: hidden (fewer than 10)." in shown and f"here {quarter.period_in_words('en')}" in shown
    assert ">0<" not in shown


def test_filters_do_not_narrow_the_page_and_its_months_are_said(sel):
    """One terminal after the other would give a hidden cell back, and so would one day more."""
    whole, narrowed = (text_of(opened("security", "filing", **query)) for query in ({}, {"terminal": "TCE", "view": "core"}))
    card = whole.index('data-testid="card-csi_filings"')
    figures = whole[card : whole.index("</div></section>", card)]
    assert figures in narrowed and f"here {months(sel).period_in_words('en')}" in whole


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (Extra(None, None, None, None, None, 9), "cannot be said: fewer than 10 visits"),
        (Extra(41.3, None, None, 12, 80, 3), "cannot be said: only 3 days"),
        (Extra(41.3, 12.1, 70.5, 60, 400, 20), "41.3 min\u2069 longer"),
        (Extra(-41.3, -70.5, -12.1, 60, 400, 20), "41.3 min\u2069 less"),
        (Extra(4.4, -3.2, 12.0, 60, 400, 20), "No clear difference"),
    ],
)
def test_the_extra_minutes_are_said_with_their_interval_or_not_at_all(extra, words):
    said = sentence(extra, translator("en"), 10)
    assert words in said and ("interval" in said) is (extra.low is not None and extra.minutes is not None)
    assert extra.low is not None or "41.3" not in said


# ---------------------------------------------------------------------- exchange
def test_messages_by_partner_are_the_rows_and_marseille_fos_is_named(sel):
    rows = store.table("fct_messages").filter(pl.col("sent_day").is_between(sel.first_day, sel.last_day))
    app = opened("exchange", "messages", "fr")
    assert f"{rows.height:,}".replace(",", "\u202f") in text_of(app)
    table = next(each.value for each in app.dataframe if "Partenaire d’échange" in each.value.columns)
    assert "Port de Marseille Fos (Ci5)" in set(table["Partenaire d’échange"]) and len(table) == rows["partner_code"].n_unique()


def test_the_paperless_share_is_of_documents_whose_form_is_known(sel):
    """Tickets and checks of the visits whose checks are recorded; a check is paper. Tickets of other visits would make the share look better than it is."""
    checked = store.table("fct_visits").filter(pl.col("document_checks_n").is_not_null())["visit_id"].implode()
    tickets = store.table("fct_weighings").filter(pl.col("ended_day").is_between(sel.first_day, sel.last_day) & pl.col("is_e_slip").is_not_null() & pl.col("visit_id").is_in(checked))
    checks = store.table("fct_visit_events").filter((pl.col("event_code") == "document_check") & pl.col("entry_day").is_between(sel.first_day, sel.last_day))
    found = store.ask(sel, ["paperless_share"]).cell("paperless_share")
    assert found.n == tickets.height + checks.height and found.value == pytest.approx(tickets["is_e_slip"].sum() / found.n) and 0 < found.value < 1
    assert f"{found.value:.1%}" in text_of(opened("exchange", "paper"))
    kinds = store.ask(sel, ["paperless_share"], by=["document"]).rows
    assert dict(kinds.select("document", "paperless_share__n").rows()) == {"ticket": tickets.height, "check": checks.height}


def test_slots_asked_refused_and_cancelled_are_the_rows(sel):
    rows = store.table("fct_appointments").filter(pl.col("slot_day").is_between(sel.first_day, sel.last_day))
    table = next(each.value for each in opened("exchange", "slots").dataframe if "Asked" in each.value.columns)
    asked = dict(zip(table["Terminal"], table["Asked"], strict=True))
    names = store.names("terminal", "en")
    assert asked == {names[code]: f"{n:,}" for code, n in rows.group_by("terminal_code").len().iter_rows()}
