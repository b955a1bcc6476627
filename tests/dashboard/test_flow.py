"""The page of visit flow and weighing, and the counts it takes from the ways trucks took, against plain arithmetic over the rows."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import store
from dashboard.i18n import LANGUAGES, translator
from dashboard.screens import flow
from dashboard.views import paths

ROOT = Path(__file__).resolve().parents[2]
LANGS = [language.code for language in LANGUAGES]


def opened(lang: str = "en", part: str = "steps", **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=30)
    app.query_params["lang"] = lang
    for name, value in query.items():
        app.query_params[name] = value
    app.switch_page("screens/flow.py")
    app.query_params["part"] = part
    app.run()
    assert not app.exception, app.exception
    return app


def text_of(app: AppTest) -> str:
    return "\n".join(str(block.proto.body) for block in app.get("html")) + "\n".join(each.value for kind in (app.title, app.header) for each in kind)


def visits(sel) -> pl.DataFrame:
    return store.table("fct_visits").filter(pl.col("entry_day").is_between(sel.first_day, sel.last_day))


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("part", flow.PARTS)
def test_every_part_opens_in_every_language(lang, part, small):
    assert translator(lang)("Visit flow and weighing") in text_of(opened(lang, part))


def test_passing_counts_a_visit_once_and_its_repeats_apart():
    counts = [("weigh_empty>terminal>weigh_full>port_gate_out", 10), ("terminal>weigh_full>weigh_full>port_gate_out", 3), ("terminal>terminal>weigh_full>weigh_full>weigh_full>port_gate_out", 1)]
    assert paths.passing(counts) == {"weigh_empty": (10, 0), "terminal": (14, 1), "weigh_full": (14, 4), "port_gate_out": (14, 0)}


def test_the_ways_are_those_of_the_visits_and_all_are_counted(sel):
    known = visits(sel).drop_nulls("path_codes")
    plain = Counter(known["path_codes"]).most_common()
    counts = store.rows("path_counts", sel)
    assert Counter(dict(counts.rows())) == Counter(dict(plain))
    top = store.rows("paths", sel, top=3)
    assert top["visits_n"].sum() == known.height and top["path_codes"][-1] is None and top["paths_n"][-1] == len(plain) - 3
    first = top.row(0, named=True)
    mine = known.filter(pl.col("path_codes") == first["path_codes"])["turnaround_min"]
    assert (first["visits_n"], first["turnaround_p50"]) == (plain[0][1], pytest.approx(mine.median()))
    others = known.filter(~pl.col("path_codes").is_in(top["path_codes"].drop_nulls().implode()))["turnaround_min"]
    assert top["turnaround_p90"][-1] == pytest.approx(others.quantile(0.9, "linear"))


def test_a_visit_s_path_is_its_steps_in_order(sel):
    steps = store.table("fct_visit_steps").filter(pl.col("step_kind_code") == "service").sort("visit_id", "step_seq").group_by("visit_id").agg(pl.col("step_code").str.join(">"))
    both = visits(sel).drop_nulls("path_codes").join(steps, on="visit_id")
    assert both.height > 100 and both["path_codes"].equals(both["step_code"])


def test_document_checks_are_the_log_lines(sel):
    lines = store.table("fct_visit_events").filter((pl.col("event_code") == "document_check") & pl.col("entry_day").is_between(sel.first_day, sel.last_day))
    found = store.ask(sel, ["document_checks"], by=["place", "authority"]).rows
    assert {(place, who): n for place, who, n in found.select("place", "authority", "document_checks").rows()} == {
        (place, who): n for place, who, n in lines.group_by("place_code", "authority_code").len().rows()
    }


def test_weighings_are_the_rows(sel):
    rows = store.table("fct_weighings").filter(pl.col("ended_day").is_between(sel.first_day, sel.last_day))
    found = store.ask(sel, ["weighings", "e_slip_share", "re_weigh_share", "weighing_wait_p50"]).frame.row(0, named=True)
    assert (found["weighings"], found["e_slip_share"], found["re_weigh_share"]) == (rows.height, pytest.approx(rows["is_e_slip"].mean()), pytest.approx(rows["is_again"].mean()))
    assert found["weighing_wait_p50"] == pytest.approx(rows["wait_min"].median())


def test_masses_are_compared_within_five_percent(sel):
    """Both known, of the boxes and not of the truck; 5 % exactly is still within."""
    both = visits(sel).drop_nulls(["weighed_net_kg", "declared_kg"])
    off = both["weighed_net_kg"] / both["declared_kg"] - 1
    found = store.ask(sel, ["declared_mass_within_share", "under_declared_share", "declared_mass_known_share"])
    assert [found.cell(metric.code).n for metric in found.metrics] == [both.height, both.height, (visits(sel)["status_code"] == "closed").sum()]
    assert (found.cell("declared_mass_within_share").value, found.cell("under_declared_share").value) == (pytest.approx((off.abs() <= 0.05).mean()), pytest.approx((off > 0.05).mean()))
    assert 0 < (off.abs() <= 0.05).mean() < 1 and f"Of {both.height:,} visits whose boxes were weighed and declared, {(off.abs() <= 0.05).mean():.1%} lie within 5%" in text_of(opened(part="weighing"))


def test_the_visits_of_a_way_can_be_opened(sel):
    way = store.rows("path_counts", sel).row(0)
    app = opened(part="ways", drill=f"path:{way[0]}")
    assert f"n = {way[1]:,} visits" in text_of(app) and "Empty weighing → Terminal" in text_of(app)


def test_nothing_is_claimed_for_the_pilot(small):
    assert "They are no effect of the pilot" in text_of(opened(part="pilot"))


def test_an_empty_selection_says_so(small):
    assert any("No visit with a certain turnaround" in each.value for each in opened(**{"from": "2020-01-01", "to": "2020-01-02"}).markdown)


def test_waits_are_the_recorded_ones_and_leave_terminals_out(sel):
    waited = store.table("fct_visit_steps").filter(pl.col("entry_day").is_between(sel.first_day, sel.last_day) & (pl.col("wait_min") > 0))
    hours, all_hours = (rows["wait_min"].sum() / 60 for rows in (waited.filter(pl.col("step_code") != "terminal"), waited))
    text = text_of(opened()) + "\n".join(each.value for each in opened().caption)
    assert f"Logs record {hours:,.0f} hours of waiting" in text and round(hours) != round(all_hours)
    assert "see Queues and congestion, which counts hours above free flow" in text


@pytest.mark.parametrize(("screen", "key", "chosen"), [("flow", "flow_part", "weighing"), ("clearance", "clearance_part", "order"), ("quality", "quality_part", "findings")])
def test_the_address_keeps_the_part_of_a_page(screen, key, chosen, small):
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=30)
    app.switch_page(f"screens/{screen}.py").run()
    first = app.session_state[key]
    app.segmented_control(key=key).set_value(chosen).run()
    assert not app.exception and app.query_params["part"] == chosen and app.session_state[key] == chosen != first
    app.segmented_control(key=key).set_value(first).run()
    assert "part" not in app.query_params
    app.query_params["part"] = chosen  # the back button, or a reload
    app.run()
    assert app.session_state[key] == chosen
