"""Several ports in one installation: the reader chooses one, every link keeps it, and its filters are its own."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import store
from etl import warehouse
from etl.settings import ROOT, Settings

APP = str(ROOT / "dashboard" / "app.py")


@pytest.fixture
def page(two_ports):
    store.use(*two_ports)
    yield lambda **query: _run(query)
    store.use(None)


def _run(query: dict[str, str]) -> AppTest:
    app = AppTest.from_file(APP, default_timeout=120)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    return app


def shown(app: AppTest) -> tuple[str, int]:
    """The port the page is about, and its visits as the page's own store counts them."""
    frame = app.session_state["frame"]
    return frame.store.port_code, frame.ask(["visits"]).cell("visits").value


def visits(settings: Settings, port: str) -> int:
    build = warehouse.open_build(settings.build, port)
    return build.connection.execute("SELECT count(*) FROM fct_visits").fetchone()[0]


def test_the_address_the_widget_and_every_link_say_the_same_port(page, two_ports):
    here, there = visits(two_ports[0], "MACAS"), visits(two_ports[0], "MATNG")
    assert here != there
    app = page()
    assert shown(app) == ("MACAS", here) and len(app.selectbox(key="f_port").options) == 2
    app.selectbox(key="f_port").select("MATNG").run()
    assert shown(app) == ("MATNG", there)
    assert app.query_params["port"] == "MATNG"
    links = [str(link.proto) for link in app.get("page_link")]
    assert len(links) > 5 and all("port=MATNG" in link for link in links)
    assert shown(page(port="MATNG")) == ("MATNG", there)


def test_explore_sets_the_ports_side_by_side(page, two_ports):
    app = page()
    app.switch_page(str(ROOT / "dashboard" / "screens" / "explore.py")).run()
    table = next(each.value for each in app.dataframe if each.value.columns[0] == "Port")
    assert [int(text) for text in table["Visits"]] == [visits(two_ports[0], "MACAS"), visits(two_ports[0], "MATNG")]


def test_a_port_that_is_not_published_is_not_asked_for(page):
    assert shown(page(port="../../etc"))[0] == "MACAS"
    assert store.ports() == ["MACAS", "MATNG"]
