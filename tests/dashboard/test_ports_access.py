"""Roles that hold at some ports of an installation only: what is asked of another port is refused where it is asked, by whatever way."""

from __future__ import annotations

import datetime as dt
import inspect
import os
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import exports, store
from dashboard.access import asking, audit, rules
from dashboard.access.viewer import AccessError, Grant, Person, Viewer
from dashboard.briefing.route import show
from dashboard.exports.links import take
from dashboard.screens import PAGES
from dashboard.selection import Selection
from dashboard.store import Span, Store
from etl.errors import SettingsError
from etl.settings import ROOT, Settings

HERE, THERE = "MACAS", "MATNG"
FILE = """
[login]
metadata_url = "https://login.example.org/.well-known/openid-configuration"
client_id = "smartport"
client_secret = "never shown"
redirect = "https://port.example.org/oauth2callback"
contact = "the desk"
[groups.everywhere]
roles = ["viewer"]
[groups.here]
roles = ["analyst"]
ports = ["MACAS"]
[groups.there]
roles = ["viewer"]
terminals = ["TCE"]
ports = ["MATNG"]
[groups.elsewhere]
roles = ["viewer"]
ports = ["MAAGA"]
[people.boss]
roles = ["admin"]
[people.mayor]
roles = ["admin"]
ports = ["MATNG"]
"""


def _person(subject: str, *groups: str) -> Person:
    return Person(subject, groups, ("smartport",), "", 0.0, 9e12)


@pytest.fixture
def signed(two_ports, tmp_path):
    """Both ports with sign-in on, settings and audit log in a folder of their own."""
    (tmp_path / "build").symlink_to(two_ports[0].build)
    found = tuple(replace(each, home=tmp_path) for each in two_ports)
    (tmp_path / "settings").mkdir(mode=0o700)
    path = rules.path_of(found[0])
    path.write_text(FILE, "utf-8")
    path.chmod(0o600)
    store.use(*found)
    asking.enforce(found[0])
    yield found[0]
    asking.enforce(None)
    store.use(None)


def test_what_a_person_has_is_what_his_groups_give_him_at_the_port() -> None:
    held = (Grant(frozenset({"viewer"})), Grant(frozenset({"analyst"}), ("TCE",), (HERE,)), Grant(frozenset({"quality"}), ports=(HERE, "MAAGA")))
    viewer = Viewer.of("x", held, "the desk")
    assert (viewer.roles, viewer.terminals) == (frozenset({"viewer"}), None)  # what holds everywhere, and no more, until a port is known
    assert (viewer.at(HERE).roles, viewer.at(HERE).terminals) == (frozenset({"viewer", "analyst", "quality"}), ("TCE",))
    assert (viewer.at("MAAGA").roles, viewer.at("MAAGA").terminals) == (frozenset({"viewer", "quality"}), None)
    assert viewer.at(THERE).roles == {"viewer"} and viewer.at(HERE).at(HERE) == viewer.at(HERE)
    with pytest.raises(AccessError, match="MATNG is not open to you"):
        viewer.at(HERE).at(THERE)  # one that was narrowed is of that port only
    bound = Viewer.of("y", (Grant(frozenset({"admin"}), ports=(HERE,)), Grant(frozenset(), ports=(THERE,))))
    assert not bound.roles and bound.sees(HERE) and not bound.sees(THERE) and bound.administers(HERE) and not bound.administers(THERE) and not bound.administers()
    assert Viewer.of("z", (Grant(frozenset({"admin"})),)).administers(THERE) and not Viewer.of("z", (Grant(frozenset({"viewer"})),)).administers(HERE)
    with pytest.raises(AccessError):
        bound.at(THERE)


@pytest.mark.parametrize("ports", ["[]", '"MACAS"', '["../x"]', "[3]"])
def test_ports_that_are_no_list_of_codes_are_refused(ports: str, tmp_path) -> None:
    home = Settings(tmp_path, tmp_path)
    home.keys.mkdir()
    rules.path_of(home).write_text(FILE.replace('ports = ["MACAS"]', f"ports = {ports}"), "utf-8")
    os.chmod(rules.path_of(home), 0o600)
    with pytest.raises(SettingsError, match="ports is no list of codes"):
        rules.load(home)


# Every way to ask a store something. A method added later has to be named here, or said to ask nothing.
_SEL = Selection.preset(THERE, "28d", dt.date(2026, 6, 1))
WAYS = {
    "build": lambda port: port.build(), "viewer": lambda port: port.viewer(), "ask": lambda port: port.ask(_SEL, ["visits"]), "ask_each": lambda port: port.ask_each(_SEL, ["visits"], [["lane"]]),
    "ask_spans": lambda port: port.ask_spans(["visits"], Span(_SEL)), "begins": lambda port: port.begins(_result()), "rows": lambda port: port.rows("visits", _SEL), "of_now": lambda port: port.of_now("inside_now"),
    "row_query": lambda port: port.row_query("visits", _SEL), "found": lambda port: port.found("0" * 32), "table": lambda port: port.table("dim_gates"), "names": lambda port: port.names("terminal", "en"),
    "known": lambda port: port.known(), "terminals": lambda port: port.terminals(), "within": lambda port: port.within(_SEL), "opened": lambda port: port.opened(), "made": lambda port: port.made(("x",), lambda _: 1),
}  # fmt: skip
SILENT = {"ahead", "ease"}  # ask nothing themselves: what the first is given asks


def _result():
    with asking.as_house():
        return store.ask(_SEL, ["visits"])


def test_every_way_to_ask_a_store_is_tried() -> None:
    assert {name for name, _ in inspect.getmembers(Store, inspect.isfunction) if not name.startswith("_")} == set(WAYS) | SILENT


@pytest.mark.parametrize("way", sorted(WAYS))
def test_no_way_leads_to_a_port_that_is_not_open(way: str, signed) -> None:
    with asking.as_house():
        WAYS[way](store.of(THERE))  # so that a cached answer lies there
    with asking.seen_by(_person("a", "here")):
        with pytest.raises(AccessError, match="Port MATNG is not open to you"):
            WAYS[way](store.of(THERE))
        assert store.ports() == [HERE] == list(store.port_names("en")) and store.of().port_code == HERE
    with asking.seen_by(_person("c", "elsewhere")):
        assert store.ports() == []
        with pytest.raises(AccessError):
            WAYS[way](store.of())
    with asking.seen_by(_person("b", "there")):  # the only port he sees is the one he is shown
        assert store.of().port_code == THERE and store.of().viewer().terminals == ("TCE",)


def test_a_viewer_who_is_handed_over_is_judged_at_the_port_too(signed) -> None:
    viewer = Viewer.of("a", (Grant(frozenset({"viewer"}), ports=(HERE,)),))
    with asking.as_house(), pytest.raises(AccessError, match="MATNG"):
        store.ask(_SEL, ["visits"], viewer=viewer)


def test_rows_files_and_searches_are_by_the_role_at_the_port(signed, tmp_path) -> None:
    with asking.seen_by(_person("a", "everywhere", "here")):
        orders = {code: exports.of_rows("visits", replace(_SEL, port=code)) for code in (HERE, THERE)}
        assert take(exports.link(orders[HERE], form="csv").split("/")[2])[1] == orders[HERE]
        with pytest.raises(AccessError, match="analysts only"):
            exports.link(orders[THERE], form="csv")
        store.of(HERE).found("0" * 32)
        with pytest.raises(AccessError, match="analysts only"):
            store.of(THERE).found("0" * 32)
    figures = exports.of_result(_result())
    with asking.seen_by(_person("b", "here")):
        with pytest.raises(AccessError, match="MATNG"):
            exports.link(orders[THERE], form="csv")
        for order in (figures, orders[THERE]):  # and where a link was made all the same
            with pytest.raises(AccessError, match="MATNG"):
                exports.make(order, "csv", tmp_path)


def test_a_paper_of_another_port_is_refused_and_written_down(signed) -> None:
    from starlette.requests import Request

    def asked(port: str) -> int:
        return show(Request({"type": "http", "method": "GET", "path": "/briefing/show", "query_string": f"lang=en&port={port}".encode(), "headers": []})).status_code

    with asking.seen_by(_person("c", "elsewhere")):
        assert asked(HERE) == asked(THERE) == 403
    told = audit.read(signed)[0]
    assert told.select("event", "who", "what").unique().rows() == [("refused", "c", "briefing")]


def _page(code: str, person: Person, **query: str) -> AppTest:
    asking.enforce(store.settings(), lambda: person)
    page = next(page for page in PAGES if page.code == code)
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    if page.url:
        app.switch_page(str(page.path.relative_to(ROOT / "dashboard"))).run()
    assert not app.exception, app.exception
    return app


def _text(app: AppTest) -> str:
    return "\n".join([*(str(block.proto.body) for block in app.get("html")), *(each.value for kind in (app.title, app.markdown, app.warning) for each in kind)])


def test_the_switch_and_the_ports_side_by_side_hold_the_ports_that_are_open(signed) -> None:
    app = _page("explore", _person("a", "here"), port=THERE, lang="en")
    assert app.session_state["frame"].store.port_code == HERE and not [each for each in app.selectbox if each.key == "f_port"]
    assert not [each for each in app.dataframe if each.value.columns[0] == "Port"]
    app = _page("explore", _person("a", "everywhere", "there"), lang="en")  # he sees one terminal there, whose figures stand beside no whole port's
    assert len(app.selectbox(key="f_port").options) == 2 and not [each for each in app.dataframe if each.value.columns[0] == "Port"]
    assert [each for each in _page("explore", _person("a", "everywhere"), lang="en").dataframe if each.value.columns[0] == "Port"]
    walled = _text(_page("overview", _person("c", "elsewhere"), lang="en"))
    assert 'data-testid="door-port"' in walled and "Port MACAS is not open to you" in walled and 'class="brand"' not in walled


def test_an_administrator_of_one_port_sees_its_events_and_grants(signed) -> None:
    audit.record("export", "someone", settings=signed, port=HERE, what="visits", rows=1)
    audit.record("export", "someone", settings=signed, port=THERE, what="steps", rows=2)
    audit.record("sign_in", "someone", settings=signed, roles="viewer")
    (table,) = _page("admin", _person("mayor"), port=THERE, lang="en").dataframe
    assert table.value["What"].to_list() == ["steps"]
    (table,) = _page("admin", _person("boss"), port=THERE, lang="en").dataframe
    assert len(table.value) == 3 and table.value["Port"].to_list() == ["", THERE, HERE]
    for subject, wanted in (("mayor", ["everywhere", "there", "boss", "mayor"]), ("boss", ["elsewhere", "everywhere", "here", "there", "boss", "mayor"])):
        grants = _page("admin", _person(subject), port=THERE, lang="en", part="roles").dataframe[0].value
        assert grants["Who"].to_list() == wanted and "all ports" in grants["Port"].to_list()
    app = _page("admin", _person("mayor", "everywhere"), port=HERE, lang="en")
    assert app.session_state["frame"].store.port_code == THERE  # a person's own line stands before his groups
