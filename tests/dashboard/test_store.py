"""One connection, one cache, many threads: the same question always has the same answer, and a new build is picked up by itself."""

from __future__ import annotations

import datetime as dt
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import polars as pl
import pytest
import small_build

from dashboard import builds, store
from dashboard.details import DETAILS
from dashboard.metrics import METRICS
from dashboard.selection import Selection
from etl import warehouse
from etl.contracts.reference import load_site
from etl.errors import BuildError, DeclarationError
from etl.settings import SAMPLE_SITE, Settings


def test_many_threads_get_the_answers_of_one(small_home) -> None:
    build = store.Store(small_home, "MACAS").build()
    first = Selection.preset("MACAS", "28d", build.now_day)
    asked = [
        (replace(first, lane=(lane,), view=view), codes, by)
        for lane in ("6A", "6B", "6C", "6D", "6E", "6F") for view in ("all", "core")
        for codes, by in ((["visits", "turnaround_p50"], ["direction"]), (["over_120_share"], ["hour"]), (["lost_hours"], ["place"]))
    ]  # fmt: skip
    alone = store.Store(small_home, "MACAS")
    truth = [alone.ask(*question).frame for question in asked]
    for _ in range(2):
        shared = store.Store(small_home, "MACAS")
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda question: shared.ask(*question).frame, asked * 4))  # noqa: B023
        assert all(answer.equals(truth[number % len(asked)]) for number, answer in enumerate(answers))


def test_a_repeated_question_is_answered_from_memory(sel: Selection) -> None:
    first = store.ask(sel, ["turnaround_p50"], by=["lane"], compare=True)
    started = time.perf_counter()
    again = store.ask(sel, ["turnaround_p50"], by=["lane"], compare=True)
    assert again is first
    assert time.perf_counter() - started < 0.02


def test_the_cache_is_bounded(small_home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "CACHE_BYTES", 60_000)
    own = store.Store(small_home, "MACAS")
    sel = Selection.preset("MACAS", "28d", own.build().now_day)
    for hour in range(40):
        own.rows("visits", sel, narrow={"hour": hour % 24}, limit=hour + 1)
    assert own._cached_bytes <= 60_000
    assert own._cached_bytes == sum(store._size(made) for made in own._cache.values())


def test_memory_is_given_back_when_nobody_asks_and_only_then(small_home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builds, "HELD_BYTES", 64 * 2**10)
    own = store.Store(small_home, "MACAS")
    sel = Selection.preset("MACAS", "28d", own.build().now_day)
    opened = own.opened()

    def held() -> tuple[int, str]:
        return opened.connection.execute("SELECT sum(memory_usage_bytes), current_setting('memory_limit') FROM duckdb_memory()").fetchone()

    with ThreadPoolExecutor(4) as pool:  # while others ask
        answers = pool.map(lambda _: opened.frame("SELECT count(*), sum(hash(v)::HUGEINT) AS digest FROM fct_visit_steps AS v"), range(24))
        for _ in range(200):
            own.ease()
        assert len({answer.row(0) for answer in answers}) == 1
    before = held()
    with opened._asked():
        own.ease()
        assert held() == before
    own.ease()
    after = held()
    assert after[0] < before[0] / 2 and after[1] == before[1]
    assert own.ask(sel, ["visits"]).cell("visits").value > 0


def test_a_new_build_is_picked_up_and_the_old_one_still_answers(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builds, "POLL_SECONDS", 0.0)
    settings = small_build.make(tmp_path, days=30, per_day=20)
    own = store.Store(settings, "MACAS")
    sel = Selection.preset("MACAS", "28d", own.build().now_day)
    before = own.ask(sel, ["visits"])
    small_build.make(tmp_path, days=30, per_day=40)
    after = own.ask(sel, ["visits"])
    assert after.build_id != before.build_id
    assert after.cell("visits").value > before.cell("visits").value
    assert own.ask(sel, ["visits"], build_id=before.build_id).cell("visits").value == before.cell("visits").value
    own.ease()
    assert own.ask(sel, ["visits"], build_id=before.build_id) is before, "answers of a build that is open are kept"
    for per_day in (50, 60):
        small_build.make(tmp_path, days=30, per_day=per_day)
        own.ask(sel, ["visits"])
    with pytest.raises(BuildError, match="no longer open"):
        own.build(before.build_id)
    own.ease()
    assert before.build_id not in {key[1] for key in own._cache} and after.build_id in {key[1] for key in own._cache}
    assert own._cached_bytes == sum(store._size(made) for made in own._cache.values())


def test_without_a_build_the_error_says_what_to_do(tmp_path) -> None:
    store.use(Settings(home=tmp_path, site=SAMPLE_SITE))
    try:
        with pytest.raises(BuildError, match="Run `smartport load INBOX` first"):
            store.build()
    finally:
        store.use(None)


def test_a_period_cut_by_now_is_compared_with_one_cut_alike(tmp_path) -> None:
    site, settings = load_site(SAMPLE_SITE), Settings(home=tmp_path, site=SAMPLE_SITE)
    facts = small_build.frames(site, days=40, per_day=60, seed=3)
    noon = dt.datetime(2026, 10, 4, 12, 30)
    books = small_build.ledger(site, facts)
    books["meta_builds"] = warehouse.build_row(site, "cut", noon, 1)
    warehouse.publish(settings, site, warehouse.Changes(facts), books)
    own = store.Store(settings, "MACAS")
    week = Selection.preset("MACAS", "7d", own.build().now_day)
    answer = own.ask(week, ["visits", "turnaround_p50", "entries_per_hour"], compare=True)
    assert answer.cut_at == noon
    then = noon - dt.timedelta(days=7)  # both after the clock change of 2026-09-20: local is UTC
    known = facts["fct_visits"].filter(pl.col("entry_day").is_between(dt.date(2026, 9, 21), dt.date(2026, 9, 27)), pl.col("entry_at") < then)
    assert answer.cell("visits").before == known.height
    assert answer.cell("turnaround_p50").before_n == known.filter(pl.col("exit_at") < then, pl.col("turnaround_min").is_not_null()).height
    assert answer.cell("entries_per_hour").before == pytest.approx(known.height / (6 * 24 + 12.5))


def test_the_comparison_by_day_lies_on_the_days_it_is_compared_with(sel: Selection) -> None:
    days = store.ask(sel, ["visits"], grain="day", compare=True).frame
    before = store.ask(sel.previous(), ["visits"], grain="day").frame
    assert days["period"].to_list() == [day + dt.timedelta(days=28) for day in before["period"]]
    assert days["visits__before"][:-1].to_list() == before["visits"][:-1].to_list()


@pytest.mark.parametrize("code", [code for code, detail in DETAILS.items() if not detail.params])
def test_every_row_list_answers(code: str, sel: Selection) -> None:
    assert store.rows(code, sel).columns


def test_the_rows_behind_a_figure_are_as_many_as_it_says(sel: Selection) -> None:
    answer = store.ask(sel, ["visits", "over_120_share", "turnaround_p50"], by=["terminal", "band"])
    for row in range(answer.frame.height):
        place = {name: answer.frame[name][row] for name in answer.keys}
        assert store.rows("visits", sel, narrow=place).height == answer.cell("visits", row).n
        assert store.rows("visits", sel, narrow=place, metric="turnaround_p50").height == answer.cell("turnaround_p50", row).n
    share = store.ask(sel, ["over_120_share"]).cell("over_120_share")
    assert store.rows("visits", sel, metric="over_120_share").height == pytest.approx(share.value * share.n)
    week = store.ask(sel, ["visits"], grain="week")
    assert store.rows("visits", sel, grain="week", period=week.frame["period"][1]).height == week.cell("visits", 1).n


def test_one_visit_is_followed_to_its_log_lines(sel: Selection) -> None:
    visit = store.rows("visits", sel, metric="turnaround_p50", limit=1).row(0, named=True)
    events = store.rows("visit_events", visit_id=visit["visit_id"])
    assert events["event_code"].to_list() == ["gate_in", "gate_out"]
    assert events["file_name"][0].startswith("gate_port_") and events["source_line"][0] >= 2
    steps = store.rows("visit_steps", visit_id=visit["visit_id"])
    assert steps["step_min"].sum() == pytest.approx(visit["turnaround_min"])
    assert store.rows("visit", visit_id=visit["visit_id"])["truck"][0].startswith("Truck ")


def test_no_row_list_shows_a_whole_pseudonym(sel: Selection) -> None:
    keys = set(store.of().opened().connection.cursor().sql("SELECT DISTINCT plate_key FROM fct_visits UNION SELECT DISTINCT carrier_key FROM fct_visits").pl().to_series())
    visit = store.rows("visits", sel, limit=1)["visit_id"][0]
    for code, detail in DETAILS.items():
        asked = {name: visit if name == "visit_id" else "scan" for name in detail.params} | ({"selection": sel} if detail.takes_selection else {})
        frame = store.rows(code, **asked, limit=500)
        for column in frame.select(pl.selectors.string()).columns:
            assert not keys & set(frame[column].drop_nulls()), f"{code}.{column}"


def test_trucks_inside_are_those_that_entered_and_have_not_left(sel: Selection) -> None:
    visits = store.rows("visits", replace(sel, first_day=sel.first_day - dt.timedelta(days=6), period="custom")).filter(pl.col("status_code") != "incomplete")
    inside = store.rows("inside", sel)
    for row in (100, 250, 400):
        at, n = inside["hour_local_at"][row], inside["inside_n"][row]
        there = visits.filter(pl.col("entry_local_at") <= at, pl.col("exit_local_at").is_null() | (pl.col("exit_local_at") > at), pl.col("entry_local_at") > at - dt.timedelta(hours=24))
        assert n == there.height
    now = store.rows("inside_now").row(0, named=True)
    still = visits.filter(pl.col("status_code") == "open")
    assert now["inside_n"] + now["long_n"] == still.height


def test_a_detail_refuses_what_it_does_not_know(sel: Selection) -> None:
    for how, words in (({"narrow": {"zone": "Q"}}, "cannot be narrowed by 'zone'"), ({"metric": "stays"}, "not about its rows"), ({"visit_id": "x"}, "parameters: none")):
        with pytest.raises(DeclarationError, match=words):
            store.rows("visits", sel, **how)
    with pytest.raises(DeclarationError, match="needs a selection"):
        store.rows("visits")


def test_values_reach_sql_as_parameters_only(sel: Selection) -> None:
    nasty = "x'; DROP TABLE fct_visits; --"
    assert store.ask(replace(sel, terminal=(nasty,)), ["visits"]).cell("visits").value == 0
    assert store.rows("visits", sel, narrow={"lane": nasty}).is_empty()
    assert all(nasty not in sql for sql in store.ask(replace(sel, terminal=(nasty,)), list(METRICS)[:3]).sql)


def test_gates_that_closed_before_the_data_begin_are_not_offered(small) -> None:
    closed = set(store.table("dim_gates").filter(pl.col("valid_to") < store.build().first_day)["gate_code"])
    assert closed == {"P1", "P2", "P3", "P4", "P5"} and store.known()["gate"] == ("P6",)
    assert store.known()["lane"] and not {lane for lane in store.known()["lane"] if lane.startswith("3")}


def test_among_several_ports_the_sites_own_is_shown(tmp_path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "site.toml").write_text('port_code = "BBBBB"\nport_name = "B"\nzone_name = "UTC"\nlongitude_deg = 0\nlatitude_deg = 0\n')
    settings = Settings(home=tmp_path, site=site)
    for port in ("AAAAA", "BBBBB"):
        (settings.build / port).mkdir(parents=True)
        (settings.build / port / "current.json").write_text("{}")
    assert store._shown_port((settings,)) == "BBBBB"
    (settings.build / "BBBBB" / "current.json").unlink()
    assert store._shown_port((settings,)) == "AAAAA"


def test_the_port_is_named_in_the_readers_language_and_older_builds_open(tmp_path) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "site.toml").write_text('port_code = "XXTST"\nport_name = "Essai"\nport_name_ar = "تجربة"\nzone_name = "UTC"\nlongitude_deg = 0\nlatitude_deg = 0\n', "utf-8")
    settings, site = Settings(home=tmp_path, site=folder), load_site(folder)
    warehouse.publish(settings, site, warehouse.Changes({}), {})
    build = store.Store(settings, "XXTST").build()
    assert [build.name(lang) for lang in ("en", "fr", "ar")] == ["Essai", "Essai", "تجربة"]
    row = warehouse.build_row(site, "old", dt.datetime(2026, 10, 4), 1)
    older = builds._about(row.drop(name for name in row.columns if name.startswith("port_name_")), pl.DataFrame({"first_day": [None], "last_day": [None]}))
    assert older.name("ar") == "Essai"


def test_a_comparison_lies_wholly_within_the_data_or_is_not_made(sel: Selection) -> None:
    first = store.build().first_day
    within = replace(sel, first_day=first + dt.timedelta(days=28), end_day=first + dt.timedelta(days=56), period="custom")
    beyond = replace(within, first_day=within.first_day - dt.timedelta(days=1), end_day=within.end_day - dt.timedelta(days=1))
    asked, refused = (store.ask(each, ["visits"], compare=True) for each in (within, beyond))
    assert asked.before == within.previous(first) and asked.uncompared is None and asked.cell("visits").before > 0
    assert refused.before is None and refused.cell("visits").before is None
    assert refused.uncompared == (beyond.previous(), first) and "commence avant le premier jour de données" in beyond.uncompared(first, "fr") and not within.uncompared(first, "fr")


def test_a_log_that_begins_inside_the_period_before_is_compared_with_nothing(small, sel, monkeypatch) -> None:
    """Half a period of declarations beside a whole one had shown "+100 %"; the gate log, which was there all along, keeps its comparison."""
    from dashboard.builds import Opened
    from dashboard.exports import about

    port = store.Store(small, "MACAS")
    whole = port.ask(sel, ["visits", "declarations", "release_p50"], compare=True)
    assert whole.cell("declarations").before and whole.cell("release_p50").before and not whole.late
    begun, real = sel.first_day - dt.timedelta(days=14), Opened.first
    monkeypatch.setattr(Opened, "first", lambda self, table, day: begun if table == "fct_declarations" else real(self, table, day))
    part = store.Store(small, "MACAS").ask(sel, ["visits", "declarations", "release_p50"], compare=True)
    assert part.late == {"declarations": begun, "release_p50": begun}
    assert all(part.cell(code).value == whole.cell(code).value for code in ("visits", "declarations", "release_p50"))
    assert part.cell("visits").before == whole.cell("visits").before
    assert part.cell("declarations").before is None and part.cell("release_p50").before is None and part.cell("release_p50").change is None
    assert "no comparison: its log begins on" in about.of_result(part, store.of().build(), "en", None, 1)
