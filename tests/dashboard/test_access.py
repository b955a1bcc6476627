"""Who sees what: roles from the settings file, the rows and figures a terminal's operator gets by page, file and paper, and the audit log."""

from __future__ import annotations

import datetime as dt
import json
import threading
from dataclasses import replace
from pathlib import Path

import duckdb
import openpyxl
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import exports, store
from dashboard.__main__ import main
from dashboard.access import asking, audit, find, refusals, rules, scope
from dashboard.access.viewer import ACTS, HOUSE, REASONS, ROLES, AccessError, Person, Viewer
from dashboard.briefing import kept, web
from dashboard.details import DETAILS
from dashboard.evidence import parts, study
from dashboard.metrics import DIMENSIONS, FACTS, METRICS, cargo
from dashboard.screens import PAGES
from dashboard.store import Span
from etl.contracts.facts import FACT_TABLES
from etl.errors import DeclarationError, SettingsError
from etl.settings import Settings
from etl.warehouse import SEGMENT_TABLES

ROOT = Path(__file__).resolve().parents[2]
OWN, OTHER = "TCE", "TC3"
OPERATOR = Viewer("operator", frozenset({"analyst", "quality"}), (OWN,), "the desk")
FILE = """
[login]
metadata_url = "https://login.example.org/.well-known/openid-configuration"
client_id = "smartport"
client_secret = "never shown"
redirect = "https://port.example.org/oauth2callback"
contact = "the desk"

[groups.all]
roles = ["viewer"]
[groups.tce]
roles = ["viewer", "analyst"]
terminals = ["TCE"]
[groups.som]
roles = ["quality"]
terminals = ["SOM"]
[people.boss]
roles = ["admin"]
[people.gone]
roles = []
"""
NOW = 1_800_000_000.0


@pytest.fixture
def seen(small):
    """The small build as a terminal's operator sees it."""
    with asking.seen_by(OPERATOR):
        yield store.of()


@pytest.fixture(scope="session")
def foreign_visits(small_home) -> frozenset[str]:
    """The visits of other terminals than the operator's, and those of none."""
    store.use(small_home)
    return frozenset(store.of().table("fct_visits").filter(pl.col("terminal_code").ne_missing(OWN))["visit_id"])


def _file(home: Settings, text: str = FILE, mode: int = 0o600):
    home.keys.mkdir(parents=True, exist_ok=True)
    path = rules.path_of(home)
    path.write_text(text, "utf-8")
    path.chmod(mode)
    return path


def _person(subject: str, *groups: str, **more) -> Person:
    return replace(Person(subject, groups, ("smartport",), "https://login.example.org", NOW - 60, NOW + 600), **more)


# ---------------------------------------------------------------------- roles
def test_roles_come_from_groups_and_a_person_stands_before_his_groups(tmp_path) -> None:
    home = Settings(tmp_path, tmp_path)
    _file(home)
    told = rules.load(home)
    assert told.viewer(_person("a", "all"), NOW) == Viewer("a", frozenset({"viewer"}), None, "the desk")
    assert told.viewer(_person("b", "all", "tce", "som", "unknown"), NOW) == Viewer("b", frozenset({"viewer", "analyst", "quality"}), ("SOM", "TCE"), "the desk")
    assert told.viewer(_person("boss", "tce"), NOW) == Viewer("boss", frozenset({"admin"}), None, "the desk")
    for person, reason in (
        (None, "signed_out"), (_person("", "all"), "signed_out"), (_person("c"), "no_role"), (_person("gone", "all"), "no_role"), (_person("d", "all", audience=("another",)), "audience"),
        (_person("e", "all", expires_at=NOW), "expired"), (_person("f", "all", expires_at=0.0), "expired"), (_person("g", "all", issued_at=NOW + 3600), "expired"),
    ):  # fmt: skip
        with pytest.raises(AccessError) as refused:
            told.viewer(person, NOW)
        assert refused.value.reason == reason and ("the desk" in str(refused.value) or reason in ("signed_out", "expired"))
    assert "never shown" not in repr(told)
    assert replace(told, session_minutes=480).viewer(_person("a", "all", expires_at=NOW - 1), NOW).subject == "a"
    with pytest.raises(AccessError):
        replace(told, session_minutes=480).viewer(_person("a", "all", issued_at=NOW - 481 * 60), NOW)


def test_claims_are_read_by_name_or_by_steps_and_nothing_is_made_of_nonsense() -> None:
    assert Person.of({"sub": "x", "aud": ["a", "b"], "realm_access": {"roles": ["r"]}, "exp": 5, "iat": 1, "iss": "i"}, "realm_access.roles") == Person("x", ("r",), ("a", "b"), "i", 1.0, 5.0)
    assert Person.of({"sub": None, "aud": 3, "groups": {"a": 1}, "exp": True}, "groups") == Person("", (), (), "", 0.0, 0.0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("[login]", "[logon]"), "no [login]"), (('client_id = "smartport"', ""), "client_id"), (("https://port", "http://port"), "https"), (("/oauth2callback", "/x"), "oauth2callback"),
        (('roles = ["viewer"]', 'roles = ["king"]'), "king"), (('terminals = ["TCE"]', "terminals = []"), "terminals"), (("contact =", "contacts ="), "contacts"), (("[groups.all]", "[groups.all"), "TOML"),
        (("[people.gone]", "[humans.gone]"), "humans"), (('client_id = "smartport"', "client_id = 3"), "client_id"), (('terminals = ["TCE"]', "terminals = [\"x'); DROP\"]"), "terminals"),
    ],
)  # fmt: skip
def test_a_wrong_settings_file_is_refused_with_a_sentence(tmp_path, change, said) -> None:
    home = Settings(tmp_path, tmp_path)
    _file(home, FILE.replace(*change))
    with pytest.raises(SettingsError, match=r"access\.toml") as refused:
        rules.load(home)
    assert said in str(refused.value) and "never shown" not in str(refused.value)


def test_a_server_does_not_start_with_a_wrong_settings_file(tmp_path, capsys) -> None:
    _file(Settings(tmp_path, tmp_path), FILE.replace('roles = ["admin"]', 'roles = ["king"]'))
    assert main(["serve", "--home", str(tmp_path), "--no-browser"]) == 2
    assert "role 'king' is not known. Known: viewer, analyst, quality, admin" in capsys.readouterr().err


def test_the_settings_file_must_be_the_owners_only_and_opens_nothing_when_it_breaks(tmp_path) -> None:
    home = Settings(tmp_path, tmp_path)
    assert rules.load(home) is None and asking.enforce(home) is False and asking.current() is HOUSE
    path = _file(home, mode=0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        rules.load(home)
    path.chmod(0o600)
    try:
        assert asking.enforce(home)
        person = Person("a", ("all",), ("smartport",), "", 0.0, 9e12)
        for who, reason in ((person, None), (None, "signed_out")):
            with asking.seen_by(who):
                if reason is None:
                    assert asking.current().roles == {"viewer"}
                else:
                    with pytest.raises(AccessError, match="Sign in"):
                        asking.current()
        with pytest.raises(AccessError), asking.seen_by(Person("a", (), ("smartport",), "", 0.0, 9e12)):
            asking.current()
        with pytest.raises(AccessError, match="Sign in"):  # a thread nobody speaks for
            asking.current()
        with asking.as_house():
            assert asking.current() is HOUSE
        with asking.seen_by(person):  # a role taken away is gone at the next question
            _file(home, FILE.replace('[groups.all]\nroles = ["viewer"]', "[groups.all]\nroles = []"))
            with pytest.raises(AccessError, match="no role"):
                asking.current()
            _file(home)
            assert asking.current().roles == {"viewer"}
            for broken in ("[login", ""):
                _file(home, broken)
                with pytest.raises(AccessError, match="cannot be read"):
                    asking.current()
            path.unlink()
            with pytest.raises(AccessError, match="cannot be read"):
                asking.current()
    finally:
        asking.enforce(None)


def test_the_cookie_secret_is_made_once_for_the_owner_alone(tmp_path) -> None:
    home = Settings(tmp_path, tmp_path)
    made = {rules.cookie_secret(home) for _ in range(3)}
    assert len(made) == 1 and len(made.pop()) == 64 and (home.keys / "cookie_secret").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in home.keys.iterdir()] == ["cookie_secret"]


@pytest.mark.parametrize("act", sorted(ACTS))
def test_each_act_is_open_to_its_roles_and_to_admins_only(act: str) -> None:
    assert act in REASONS
    for role in ROLES:
        viewer = Viewer("x", frozenset({role}))
        assert viewer.may(act) == (role == "admin" or role in ACTS[act])
    with pytest.raises(AccessError):
        Viewer("x", frozenset({"viewer"})).must(act)


# ---------------------------------------------------------------------- rows of a terminal
def test_every_table_a_month_holds_has_its_rows_declared() -> None:
    """Whatever is not named in ROWS is empty for an operator; each table is named, or left empty on purpose."""
    assert {table.name for table in SEGMENT_TABLES} - set(scope.ROWS) == {"dq_rejects"}
    for table in FACT_TABLES:  # a table that names a terminal is never seen whole
        if any(field.name == "terminal_code" for field in table.fields):
            assert "terminal_code IN" in scope.ROWS[table.name]


@pytest.mark.parametrize("table", [table.name for table in SEGMENT_TABLES if table.name != "dq_rejects" and table.name != "fct_manifests"])
def test_no_row_of_another_terminal_is_in_a_table(table: str, seen, foreign_visits) -> None:
    frame = seen.table(table)
    if "terminal_code" in frame.columns:
        assert set(frame["terminal_code"]) <= {OWN}
    if "visit_id" in frame.columns and table != "fct_appointments":  # an appointment at one's own terminal may have become a visit of another one
        assert not foreign_visits & set(frame["visit_id"].drop_nulls())
    if "place_code" in frame.columns and table in ("fct_means", "fct_logbook", "dq_source_days"):
        assert not {OTHER, "SOM", f"YARD-{OTHER}"} & set(frame.filter(pl.col("visit_id").is_null() if "visit_id" in frame.columns else True)["place_code"])


def test_rows_without_a_terminal_are_seen_by_their_visit_or_their_place() -> None:
    """Hand-drawn: 'own' and 'port' are seen, whatever is another terminal's or a visit's of one is not."""
    con = duckdb.connect()
    for sql in (
        "CREATE SCHEMA seen", "CREATE TABLE dim_terminals AS FROM (VALUES ('TCE'), ('TC3')) t(terminal_code)",
        "CREATE TABLE dim_service_points AS FROM (VALUES ('YARD-TCE', 'TCE'), ('YARD-TC3', 'TC3'), ('WB1', 'WB')) t(place_code, zone_code)",
        "CREATE TABLE seen.fct_visits AS FROM (VALUES ('v1')) t(visit_id)", "CREATE TABLE seen.fct_visit_containers AS FROM (VALUES ('v1', 'd1')) t(visit_id, declaration_id)",
        "CREATE TABLE fct_logbook AS FROM (VALUES ('own ticket', 'v1', 'WB1'), ('their ticket', 'v2', 'WB1'), ('own yard', NULL, 'YARD-TCE'), ('their yard', NULL, 'YARD-TC3'), ('their terminal', NULL, 'TC3'), ('port', NULL, NULL), ('port bridge', NULL, 'WB1')) t(what, visit_id, place_code)",
        "CREATE TABLE fct_means AS FROM (VALUES ('own yard', 'YARD-TCE'), ('their yard', 'YARD-TC3'), ('port bridge', 'WB1'), ('port', NULL)) t(what, place_code)",
        "CREATE TABLE fct_declarations AS FROM (VALUES ('own', 'd1'), ('theirs', 'd2'), ('nobody''s', NULL)) t(what, declaration_id)",
        "CREATE TABLE dq_findings AS FROM (VALUES ('own', 'v1'), ('theirs', 'v2'), ('nobody''s', NULL)) t(what, visit_id)", "CREATE TABLE dq_rejects AS FROM (VALUES ('any')) t(what)",
    ):  # fmt: skip
        con.execute(sql)
    seen = {table: {row[0] for row in con.execute(f"SELECT what FROM {table} WHERE {scope.seen_rows(table, ('TCE',), 'seen', 'main')}").fetchall()} for table in ("fct_logbook", "fct_means", "fct_declarations", "dq_findings", "dq_rejects")}
    assert seen == {"fct_logbook": {"own ticket", "own yard", "port", "port bridge"}, "fct_means": {"own yard", "port bridge", "port"}, "fct_declarations": {"own"}, "dq_findings": {"own"}, "dq_rejects": set()}


_NEEDS = {"step": "scan", "top": 5}


def _asked(detail: str, sel, visit_id: str) -> tuple:
    params = {name: visit_id if name == "visit_id" else _NEEDS[name] for name in DETAILS[detail].params}
    return (detail, sel if DETAILS[detail].takes_selection else None), params


@pytest.mark.parametrize("detail", sorted(set(DETAILS) - scope.CLOSED_LISTS))
def test_no_row_of_another_terminal_is_in_a_list(detail: str, seen, sel, foreign_visits) -> None:
    """By page; of one visit nothing is found where it is another terminal's."""
    visit = next(iter(sorted(foreign_visits)))
    asked, params = _asked(detail, sel, visit)
    frame = seen.rows(*asked, **params)
    if "visit_id" in DETAILS[detail].params:
        assert frame.is_empty()
        return
    if "terminal_code" in frame.columns:
        assert set(frame["terminal_code"]) <= {OWN}
    if "visit_id" in frame.columns and detail != "appointments":
        assert not foreign_visits & set(frame["visit_id"].drop_nulls())
    if detail in ("visits", "steps", "stays", "appointments", "seen_by_hour", "path_counts"):
        with asking.as_house():
            whole = seen.rows(*asked, **params)
        n = {"seen_by_hour": "entries_n", "path_counts": "visits_n"}.get(detail)
        assert 0 < (frame[n].sum() if n else frame.height) < (whole[n].sum() if n else whole.height)


@pytest.mark.parametrize("detail", sorted(scope.CLOSED_LISTS))
def test_lists_of_the_whole_port_are_refused(detail: str, seen, sel) -> None:
    with pytest.raises(AccessError, match="whole port"):
        seen.rows(detail, sel)


def _sheet(path) -> pl.DataFrame:
    rows = openpyxl.load_workbook(path, read_only=True).worksheets[0].iter_rows(values_only=True)
    names = next(rows)
    return pl.DataFrame({"visit_id": [row[names.index("visit_id")] for row in rows]})


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet"])
@pytest.mark.parametrize("detail", ["visits", "steps"])
def test_no_row_of_another_terminal_is_in_a_file(form: str, detail: str, seen, sel, tmp_path, foreign_visits) -> None:
    """Files are asked for by the page and made later, by the route: by then the same person is asking."""
    week = replace(sel, first_day=sel.end_day - dt.timedelta(days=7), period="custom")
    path = exports.make(exports.of_rows(detail, week), form, tmp_path)
    found = pl.read_parquet(path) if form == "parquet" else _sheet(path) if form == "xlsx" else pl.read_csv(path, infer_schema_length=None)
    assert found.height and found.height == seen.rows(detail, week).height
    assert not foreign_visits & set(found["visit_id"])


def test_filters_and_narrowing_to_another_terminal_are_refused(seen, sel) -> None:
    other = replace(sel, terminal=(OWN, OTHER))
    for ask in (
        lambda: seen.ask(other, ["visits"]), lambda: seen.ask_each(other, ["visits"], [("lane",)]), lambda: seen.ask_spans(["visits"], Span(other)), lambda: seen.rows("visits", other),
        lambda: seen.rows("visits", sel, narrow={"terminal": OTHER}), lambda: seen.row_query("visits", other), lambda: study.headline(seen, other), lambda: parts.by_unit(seen, other),
        lambda: web.briefing(seen, other, preset="weekly", lang="en"), lambda: exports.make(exports.of_rows("visits", other), "csv", None),
    ):  # fmt: skip
        with pytest.raises(AccessError, match="Terminal TC3 is not open to you: you see TCE"):
            ask()
    assert seen.known()["terminal"] == (OWN,)


# ---------------------------------------------------------------------- figures of a terminal
_FACTS = sorted({metric.fact for metric in METRICS.values() if metric.privacy != "cargo"})
_SPLITS = ("terminal", "direction", "place", "channel", "message_type", "office")


@pytest.mark.parametrize("fact", _FACTS)
def test_a_split_figure_is_of_ones_own_rows_and_a_total_of_the_port(fact: str, small, sel) -> None:
    """Every metric of the fact: whole as the house gets it, split as the house gets it of this terminal alone."""
    port, codes = store.of(), [metric.code for metric in METRICS.values() if metric.fact == fact]
    with asking.seen_by(OPERATOR):
        whole = port.ask(sel, codes)
        split = {name: port.ask(sel, codes, [name]) for name in _SPLITS if fact in DIMENSIONS[name].sql}
    assert whole.selection == sel and whole.frame.equals(port.ask(sel, codes).frame)
    for name, result in split.items():
        if fact == "messages":
            assert result.frame.equals(port.ask(sel, codes, [name]).frame)
            continue
        assert result.selection.terminal == (OWN,)
        if "terminal" in FACTS[fact].filters and name != "place":
            assert result.frame.equals(port.ask(replace(sel, terminal=(OWN,)), codes, [name]).frame)
        if name == "terminal":
            assert set(result.frame["terminal"]) <= {OWN}
        if name == "place":
            assert not {OTHER, "SOM", f"YARD-{OTHER}", "YARD-SOM"} & set(result.frame["place"])


@pytest.mark.parametrize("code", ["csi_filings", "csi_hit_share"])
def test_figures_about_boxes_are_the_ports_and_split_by_terminal_ones_own_lines(code: str, small, sel) -> None:
    port = store.of()
    house = port.ask(sel, [code], ["terminal"])
    with asking.seen_by(OPERATOR):
        mine = port.ask(sel, [code], ["terminal"])
        assert port.ask(sel, [code]).frame.equals(port.ask(sel, [code], viewer=HOUSE).frame)
    assert mine.frame.equals(house.frame.filter(pl.col("terminal") == OWN)) and cargo.is_about(mine.metrics)


def test_an_hour_in_which_one_other_terminal_worked_is_hidden_and_a_second_with_it(small, sel) -> None:
    frame = pl.DataFrame({"hour": [1, 2, 3, 4], "visits": [9, 20, 30, 4], "visits__n": [9, 20, 30, 4]})
    of = {"TC3": {1: 5, 2: 8, 3: 9, 4: 0}, "SOM": {1: 0, 2: 7, 3: 11, 4: 0}}
    others = [pl.DataFrame({"hour": list(told), "visits": list(told.values()), "visits__n": list(told.values())}) for told in of.values()]
    hidden, n = scope.hide(frame, ["hour"], [METRICS["visits"]], others)
    assert n == 2 and hidden["visits"].to_list() == [None, 20, 30, None] and hidden["visits__n"].to_list() == [None, 20, 30, None]
    assert hidden["is_suppressed"].to_list() == [True, False, False, True]  # hour 4 is one's own alone: it goes so that the day gives hour 1 not back
    assert scope.hide(frame[1:], ["hour"], [METRICS["visits"]], others)[1] == 0
    assert scope.hide(frame[:1].drop("hour"), [], [METRICS["visits"]], [each[:1].drop("hour") for each in others])[1] == 1
    with asking.seen_by(OPERATOR):  # nights of a small port
        by_hour = store.of().ask(sel, ["visits"], grain="hour")
    house = store.of().ask(sel, ["visits"], grain="hour")
    own = store.of().ask(replace(sel, terminal=(OWN,)), ["visits"], grain="hour").frame.select("period", pl.col("visits").alias("own"))
    one = [store.of().ask(replace(sel, terminal=(code,)), ["visits"], grain="hour").frame.filter(pl.col("visits") > 0)["period"] for code in (OTHER, "SOM")]
    alone = set(one[0]) ^ set(one[1])
    told = by_hour.frame.join(own, on="period", how="left").filter(pl.col("visits").is_not_null() & pl.col("period").is_in(list(alone)))
    assert alone and told.is_empty() and by_hour.suppressed_n >= len(alone & set(house.frame["period"]))


def test_at_a_port_of_two_terminals_everything_is_ones_own(small, sel, monkeypatch) -> None:
    port = store.of()
    monkeypatch.setattr(store.Store, "terminals", lambda _self: (OWN, OTHER))
    two = replace(OPERATOR, terminals=(OWN,))
    with asking.seen_by(two):
        port._cache.clear()
        result = port.ask(sel, ["visits", "turnaround_p50"])
        assert result.selection.terminal == (OWN,) and port.within(sel).terminal == (OWN,)
        with pytest.raises(AccessError, match="one other terminal"):
            port.ask(sel, [next(metric.code for metric in METRICS.values() if metric.privacy == "cargo")], ["terminal"])
    port._cache.clear()
    assert result.cell("visits").value == port.ask(replace(sel, terminal=(OWN,)), ["visits"]).cell("visits").value


def test_answers_of_several_spans_and_splits_are_judged_one_by_one(seen, sel) -> None:
    month, days = seen.ask_spans(["visits", "turnaround_p50"], Span(sel), Span(sel, "day"))
    assert month.frame.equals(seen.ask(sel, ["visits", "turnaround_p50"]).frame) and days.frame.equals(seen.ask(sel, ["visits", "turnaround_p50"], grain="day").frame)
    whole, lanes = seen.ask_each(sel, ["visits"], [(), ("lane",)])
    assert whole.selection == sel and lanes.selection.terminal == (OWN,) and lanes.frame["visits"].sum() < whole.cell("visits").value


def test_what_is_kept_for_the_house_is_not_handed_to_an_operator(small, sel) -> None:
    """The cache holds both answers to one question; whoever asked first changes nothing."""
    port = store.of()
    house = port.ask(sel, ["visits"], ["lane"])
    with asking.seen_by(OPERATOR):
        mine = port.ask(sel, ["visits"], ["lane"])
        page = port.made(("page", sel), lambda _opened: object())  # a briefing, the pilot's evidence
    assert mine.frame["visits"].sum() < house.frame["visits"].sum() and port.ask(sel, ["visits"], ["lane"]).frame.equals(house.frame)
    assert port.made(("page", sel), lambda _opened: object()) is not page
    with asking.seen_by(OPERATOR):  # nor what a briefing handed out, whose changed figures a later one tells
        mine = kept._folder(port, sel)
    assert mine != kept._folder(port, sel)


def test_a_page_that_asks_ahead_asks_as_its_reader(small, sel) -> None:
    port, heard, done = store.of(), [], threading.Event()

    def question() -> None:
        heard.append(asking.current())
        done.set()

    with asking.seen_by(OPERATOR):
        port.ahead(question)
    assert done.wait(5) and heard == [OPERATOR]


def test_rejected_lines_are_for_quality_officers(small, sel) -> None:
    for roles, is_open in (({"viewer", "analyst"}, False), ({"quality"}, True), ({"admin"}, True)):
        with asking.seen_by(Viewer("x", frozenset(roles), None, "the desk")):
            for ask in (lambda: store.of().rows("rejects", sel), lambda: store.of().table("dq_rejects")):
                if is_open:
                    ask()
                else:
                    with pytest.raises(AccessError, match="quality officers"):
                        ask()


# ---------------------------------------------------------------------- the audit log
def test_the_audit_log_is_appended_to_by_several_writers_and_holds_the_subject_only(tmp_path) -> None:
    home = Settings(tmp_path, tmp_path)
    viewer = Viewer("s-1", frozenset({"analyst"}), None, "the desk")
    writers = [threading.Thread(target=lambda: [audit.record("export", viewer, settings=home, what="visits", rows=number) for number in range(25)]) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    path = audit.record("refused", None, settings=home, what="rate limit", reason="30 files a minute\nforged line")
    lines = path.read_text("utf-8").splitlines()
    assert len(lines) == 101 and all(json.loads(line)["at"] for line in lines) and path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700
    with path.open("ab") as file:  # a power cut
        file.write(b'{"at": "2026-')
    told, torn = audit.read(home)
    assert told.height == 101 and torn == 1 and told["event"][0] == "refused" and set(told["who"]) == {"s-1", ""}
    assert json.loads(lines[0]).keys() == {"at", "event", "who", "what", "rows"}


def test_the_audit_log_refuses_what_it_does_not_know(tmp_path) -> None:
    home = Settings(tmp_path, tmp_path)
    for event, what in (("coffee", {}), ("export", {"who": "somebody"}), ("export", {"what": {"plate": "12345"}}), ("export", {"A B": 1})):
        with pytest.raises(DeclarationError):
            audit.record(event, None, settings=home, **what)
    (tmp_path / "elsewhere").touch()
    (tmp_path / "audit").mkdir()
    (tmp_path / "audit" / f"{dt.datetime.now(dt.UTC):%Y-%m}.jsonl").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        audit.record("export", None, settings=home)


def test_whoever_asks_in_vain_fills_no_disk(tmp_path, monkeypatch, caplog) -> None:
    """A thousand refusals are two lines: the first at once, the others together when the minute is over, with their number."""
    home, now, set_for = Settings(tmp_path, tmp_path), [0.0], []

    class Timer:
        daemon = False

        def __init__(self, seconds, then) -> None:
            self.seconds, self.then = seconds, then

        def start(self) -> None:
            set_for.append(self)

    monkeypatch.setattr(refusals.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(refusals.threading, "Timer", Timer)
    monkeypatch.setattr(refusals, "_counted", {})
    lines = lambda: [(line["who"], line["what"], line["more"]) for line in audit.read(home)[0].reverse().iter_rows(named=True)]  # noqa: E731
    for _ in range(1000):
        refusals.note(home, "x", "export", "limit")
    refusals.note(home, "y", "export", "limit", port="MACAS")
    first = [("x", "export", "reason: limit"), ("y", "export", "reason: limit")]
    assert lines() == first and len(set_for) == 1 and set_for[0].seconds == refusals.EVERY_S
    now[0] = refusals.EVERY_S
    set_for[0].then()
    assert lines() == [*first, ("x", "export", "reason: limit, times: 999")] and len(set_for) == 1
    refusals.note(home, "x", "export", "limit")  # a second after that line: counted again
    assert len(lines()) == 3 and len(set_for) == 2
    now[0] += 1
    set_for[1].then()  # its minute is not over
    assert len(lines()) == 3 and len(set_for) == 3
    refusals._flush(is_end=True)
    assert lines()[-1] == ("x", "export", "reason: limit")
    monkeypatch.setattr(refusals, "_counted", {})
    monkeypatch.setattr(refusals, "MOST", 3)
    for number in range(10):
        refusals.note(home, f"n{number}", "pages", "page")
    assert [line[0] for line in lines()[4:]] == ["n0", "n1", "n2", ""] and len(refusals._counted) == 4
    (tmp_path / "audit").rename(tmp_path / "gone")
    (tmp_path / "audit").touch()
    monkeypatch.setattr(refusals, "_counted", {})
    refusals.note(home, "x", "export", "limit")  # who is refused stays refused
    assert "could not be written" in caplog.text


# ---------------------------------------------------------------------- pages
def _page(code: str, person: Person, home: Settings, **query: str) -> AppTest:
    """A page as this person sees it, with sign-in on."""
    page = next(page for page in PAGES if page.code == code)
    asking.enforce(home, lambda: person)
    try:
        app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60).run()
        if page.url:
            app.switch_page(str(page.path.relative_to(ROOT / "dashboard")))
        for name, value in query.items():
            app.query_params[name] = value
        return app.run()
    finally:
        asking.enforce(None)


@pytest.fixture
def signed(small, tmp_path) -> Settings:
    """The small build's installation with sign-in on, its settings and its audit log in a folder of their own."""
    home = replace(small, home=tmp_path)
    (tmp_path / "build").symlink_to(small.build)
    _file(home)
    store.use(home)
    return home


_LASTING = {"audience": ("smartport",), "issued_at": 0.0, "expires_at": 9e12}


_FEW = ("turnaround", "quality")  # in the quick run; the others with the slow tests


@pytest.mark.parametrize("code", [pytest.param(page.code, marks=() if page.code in _FEW else pytest.mark.slow) for page in PAGES])
def test_every_page_opens_to_an_operator_or_says_why_not(code: str, signed) -> None:
    app = _page(code, _person("op", "tce", **_LASTING), signed, lang="fr")
    page = next(page for page in PAGES if page.code == code)
    assert not app.exception, app.exception
    refused = [each.value for each in app.warning if "vous voyez TCE" in each.value or "Adressez-vous" in each.value]
    assert bool(refused) == (page.is_whole or page.act == "admin"), refused


def _text(app: AppTest) -> str:
    return "\n".join([*(str(block.proto.body) for block in app.get("html")), *(each.value for kind in (app.title, app.markdown, app.warning) for each in kind)])


def test_a_truck_is_found_and_nothing_of_it_is_kept(signed, monkeypatch) -> None:
    """Every spelling of a plate is one key; the search is in the log, the value nowhere; an operator finds its own visits only."""
    assert len({find.keyed(signed, "plate", text) for text in ("12345-أ-6", "12345 A 6", " 12345a6 ")}) == 1 != find.keyed(signed, "container_no", "12345A6")
    assert find.keyed(signed, "plate", " - ") is None
    visits = store.of().opened().frame("SELECT plate_key, count(*) AS n, count(DISTINCT terminal_code) AS terminals_n, count(*) FILTER (WHERE terminal_code = 'TCE') AS own_n FROM fct_visits GROUP BY ALL HAVING own_n > 0 ORDER BY terminals_n DESC, n DESC, plate_key").row(0, named=True)
    assert visits["n"] > visits["own_n"] > 0
    monkeypatch.setattr(find, "keyed", lambda _settings, kind, text: visits["plate_key"] if (kind, text) == ("plate", "777-B-1") else None)
    for subject, group, n in (("boss", "", visits["n"]), ("op", "tce", visits["own_n"])):
        person = _person(subject, group, **_LASTING)
        app = _page("find", person, signed, lang="en")
        asking.enforce(signed, lambda person=person: person)
        try:
            app.text_input(key="find_text").set_value("777-B-1")
            app.button[-1].click().run()
        finally:
            asking.enforce(None)
        assert not app.exception and f"{min(n, find.MOST)} visit" in _text(app)
        assert app.session_state["find_text"] == "" and "777" not in repr(dict(app.query_params))
        held = repr(app.session_state._state.filtered_state)
        assert "777-B-1" not in held and visits["plate_key"] not in held
        kept = audit.read(signed)[0].row(0, named=True)
        assert (kept["event"], kept["who"], kept["what"], kept["rows"]) == ("search", subject, "plate", min(n, find.MOST)) and kept["selection"] is None and not kept["more"]
    assert not any(visits["plate_key"] in repr(key) for key in store.of()._cache)
    with pytest.raises(AccessError, match="analysts only"), asking.seen_by(Viewer("x", frozenset({"viewer"}))):
        store.of().found(visits["plate_key"])


def test_where_nobody_signs_in_trucks_are_searched_for_on_demonstration_data_only(small, monkeypatch) -> None:
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60).run()
    app.switch_page("screens/find.py")
    app.query_params["lang"] = "en"
    assert app.run().text_input(key="find_text") and not (small.home / "audit").exists()
    about = store.of().build()
    monkeypatch.setattr(store.Store, "build", lambda _self, build_id=None: replace(about, is_sample=False))
    assert "demonstration data only" in _text(app.run())


def test_an_admin_reads_the_log_and_who_has_which_role(signed) -> None:
    audit.record("export", "someone", settings=signed, what="visits", rows=12345, selection="d=28d", form="csv")
    audit.record("sign_in", "someone", settings=signed, roles="viewer")
    boss = _person("boss", **_LASTING)
    app = _page("admin", boss, signed, lang="en")
    assert not app.exception and "2 events" in _text(app)
    (table,) = app.dataframe
    assert table.value["Person"].to_list() == ["someone", "someone"] and table.value["Rows"].to_list() == ["", "12,345"]
    app = _page("admin", boss, signed, lang="en", part="roles")
    roles, came = app.dataframe
    assert roles.value["Who"].to_list() == ["all", "som", "tce", "boss", "gone"] and roles.value["Roles"].to_list()[-1] == "none" and "East container" in roles.value["Terminals"].to_list()[2]
    assert came.value["Person"].to_list() == ["someone"]
