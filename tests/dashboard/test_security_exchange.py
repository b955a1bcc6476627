"""The pages of security and of exchange: every part in every language, what they say of too little data, and that no small count can be had back from what stands beside it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
import small_build
from streamlit.testing.v1 import AppTest

from dashboard import store
from dashboard.evidence.selected import Extra
from dashboard.i18n import LANGUAGES, translator
from dashboard.metrics import METRICS
from dashboard.metrics.intervals import wilson
from dashboard.screens import exchange, security
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
    return store.table("fct_manifests").filter(pl.col("filed_day").is_between(sel.first_day, sel.last_day))


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
    rows = manifests(sel).drop_nulls("lead_min")
    hits, n = rows.filter(pl.col("lead_min") >= 1440).height, rows.height
    low, high = wilson(hits, n)
    cell = store.ask(sel, ["csi_24h_share"]).cell("csi_24h_share")
    small_cell = store.of().settings.small_cell
    assert min(hits, n - hits) >= small_cell and (cell.value, cell.low, cell.high) == (pytest.approx(hits / n), pytest.approx(low), pytest.approx(high))
    assert f"{hits / n:.1%}" in text_of(opened("security", "filing"))


def test_hidden_figures_are_said_in_words_and_never_zero(sel):
    """Four days of the small build hold few referrals."""
    first = sel.last_day - dt.timedelta(days=3)
    app = opened("security", "screening", **{"from": first.isoformat(), "to": sel.last_day.isoformat()})
    shown = text_of(app)
    assert store.table("fct_manifests").filter(pl.col("referred_at").is_not_null() & (pl.col("filed_day") >= first)).height < store.of().settings.small_cell
    assert 'data-testid="card-csi_referrals" aria-label="Referred to the host"><div class="name">Referred to the host</div><div class="value">hidden <small>(fewer than 10)</small></div>' in shown
    assert ">0<" not in shown


def test_filters_do_not_narrow_the_page(small):
    """One terminal after the other would give a hidden cell back."""
    whole, narrowed = (text_of(opened("security", "filing", **query)) for query in ({}, {"terminal": "TCE", "view": "core"}))
    card = whole.index('data-testid="card-csi_filings"')
    figures = whole[card : whole.index("</div></section>", card)]
    assert figures in narrowed and "always shows the whole port" in narrowed and "always shows the whole port" not in whole


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
def test_the_extra_minutes_are_said_with_their_interval_or_not_at_all(extra, words, small, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(security, "_extra", lambda page: extra)

    class Page:
        say, lang, store = translator("en"), "en", store.of()

    said = security._answer(Page(), extra)
    assert words in said and ("interval" in said) is (extra.low is not None and extra.minutes is not None)
    assert extra.low is not None or "41.3" not in said


def _result(sel, **columns: float | int | None):
    """A result of one row about boxes, its figures as given."""
    metrics = tuple(METRICS[name] for name in dict.fromkeys(name.partition("__")[0] for name in columns))
    asked = store.ask(sel, ["csi_filings"])
    return replace(asked, frame=pl.DataFrame({name: [value] for name, value in columns.items()}), metrics=metrics)


def test_a_count_that_falls_short_of_another_by_a_few_is_hidden(sel):
    """152 referred and 147 with a hold that ended would say that 5 still wait."""
    def found(referred: int, ended: int) -> tuple:
        row = security.guarded(_result(sel, csi_hold_p50=540.0, csi_hold_p50__n=ended, csi_referrals=referred, csi_referrals__n=referred), 10).frame.row(0, named=True)
        return row["csi_hold_p50"], row["csi_hold_p50__n"], row["csi_referrals"]

    assert found(152, 147) == (540.0, None, 152)
    assert found(152, 152) == (540.0, 152, 152) and found(152, 142) == (540.0, 142, 152) and found(152, 143) == (540.0, None, 152)


def test_a_share_whose_base_gives_a_few_away_is_hidden_with_its_limits(sel):
    """132 of 152 accepted and 127 with a result would say that 5 have none; n can be worked out of a share and its limits."""
    given = {"csi_accepted_share": 132 / 152, "csi_accepted_share__n": 152, "csi_hit_share": 0.1, "csi_hit_share__n": 127, "csi_hit_share__low": 0.06, "csi_hit_share__high": 0.17}
    row = security.guarded(_result(sel, **given), 10).frame.row(0, named=True)
    assert [row[name] for name in given if name.startswith("csi_hit")] == [None] * 4 and row["csi_accepted_share__n"] == 152
    kept = security.guarded(_result(sel, **given | {"csi_hit_share__n": 132}), 10).frame.row(0, named=True)
    assert kept["csi_hit_share"] == 0.1 and kept["csi_hit_share__high"] == 0.17


# ---------------------------------------------------------------------- exchange
def test_messages_by_partner_are_the_rows_and_marseille_fos_is_named(sel):
    rows = store.table("fct_messages").filter(pl.col("sent_day").is_between(sel.first_day, sel.last_day))
    app = opened("exchange", "messages", "fr")
    assert f"{rows.height:,}".replace(",", "\u202f") in text_of(app)
    table = next(each.value for each in app.dataframe if "Partenaire d'échange" in each.value.columns)
    assert "Port de Marseille Fos (Ci5)" in set(table["Partenaire d'échange"]) and len(table) == rows["partner_code"].n_unique()


def test_slots_asked_refused_and_cancelled_are_the_rows(sel):
    rows = store.table("fct_appointments").filter(pl.col("slot_day").is_between(sel.first_day, sel.last_day))
    table = next(each.value for each in opened("exchange", "slots").dataframe if "Asked" in each.value.columns)
    asked = dict(zip(table["Terminal"], table["Asked"], strict=True))
    names = store.names("terminal", "en")
    assert asked == {names[code]: f"{n:,}" for code, n in rows.group_by("terminal_code").len().iter_rows()}
