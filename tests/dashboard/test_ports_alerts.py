"""Alerts and briefings of several ports in one home: each port by its own rules on its own build, told apart in history, page, message and link."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import store
from dashboard.__main__ import after_load, main
from dashboard.alerts import board, evaluation, history, recipients, rules
from dashboard.briefing import command as briefing
from etl.loading.report import BuildReport
from etl.settings import ROOT
from tests.dashboard.test_alerts_told import Post

NOW = dt.datetime(2026, 10, 5, 9, 0, tzinfo=dt.UTC)
RULE = '[[rule]]\ncode = "slow_day"\nwatch = "threshold"\nmetric = "turnaround_p90"\nabove = {limit}\nclear = {limit}\nmin_n = 1\nto = ["operations"]\ntitle = {{ en = "{title}" }}\n'


@pytest.fixture
def two(two_ports, tmp_path):
    """Both ports in a home of their own; each site brings its own rules: at MACAS a limit nothing reaches, at MATNG one that every day does."""
    shutil.copytree(two_ports[0].build, tmp_path / "home" / "build", copy_function=os.link)
    found = []
    for port, code, limit in zip(two_ports, ("MACAS", "MATNG"), (9999, 1), strict=True):
        site = tmp_path / "sites" / code
        shutil.copytree(port.site, site)
        (site / rules.FILE).write_text(RULE.format(limit=limit, title=f"Slow at {code}"), "utf-8")
        found.append(replace(port, home=tmp_path / "home", site=site))
    yield tuple(found)
    store.use(None)


def _open(settings, code: str) -> list[str]:
    return [alert.rule for alert in history.fold(history.read(settings).lines, code) if alert.is_open]


def test_every_port_is_judged_after_its_load_by_its_own_rules(two, monkeypatch) -> None:
    monkeypatch.setattr("dashboard.briefing.leaflet.leave", lambda _settings: [])
    for settings, code in zip(two, ("MACAS", "MATNG"), strict=True):
        said = [step.said for step in after_load(settings, BuildReport(code, "0" * 16, True, (), 0, None, None, None, "4", "2026.3", 0.0))]
        assert "1 of 1 alert rules judged" in said[-1]
    assert (_open(two[0], "MACAS"), _open(two[0], "MATNG")) == ([], ["slow_day"])
    assert board.read(two[0], "MATNG").readings[0]["port"] == "MATNG" and not board.read(two[0], "MACAS").open
    store.use(*two)
    seen = {}
    for code in ("MACAS", "MATNG"):
        app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
        app.query_params["port"], app.query_params["lang"] = code, "en"
        app.run()
        app.switch_page("screens/alerts.py").run()
        assert not app.exception, app.exception
        seen[code] = "\n".join(str(block.proto.body) for block in app.get("html"))
    assert "Slow at MACAS" in seen["MACAS"] and "Slow at MATNG" not in seen["MACAS"] and "Open since" not in seen["MACAS"]
    assert "Slow at MATNG" in seen["MATNG"] and "Open since" in seen["MATNG"]  # its own rules and its own history


def test_the_commands_go_from_port_to_port_and_links_lead_to_theirs(two, capsys, monkeypatch) -> None:
    post = Post()
    try:
        two[0].keys.mkdir()
        path = two[0].keys / recipients.FILE
        path.write_text(f'base_url = "https://smartport.example"\n[mail]\nhost = "127.0.0.1"\nport = {post.port}\nsecurity = "none"\nfrom = "a@port.example"\n[to.operations]\nmail = ["ops@port.example"]\n', "utf-8")
        path.chmod(0o600)
        monkeypatch.setenv("SMARTPORT_SITE", os.pathsep.join(str(each.site) for each in two))
        here = ("--home", str(two[0].home))
        assert main(["alerts", "--evaluate", "--json", *here]) == 0
        told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [(len(each["opened"]), each["sent"]) for each in told] == [(0, 0), (1, 1)]
        body = post.mails[-1][1].get_body(("plain",)).get_content()
        assert "port=MATNG" in body and "(MATNG)" in body and "port=MACAS" not in body
        assert main(["alerts", *here]) == 0
        said = capsys.readouterr().out
        assert said.index("MACAS:") < said.index("Nothing is open.") < said.index("MATNG:") < said.index("Slow at MATNG")
        monkeypatch.setattr("dashboard.alerts.weekly.paper.of_deck", lambda _deck: b"%PDF-1.4")  # what is tested is whose it is
        assert main(["mail-briefing", "operations", "--period", briefing.SPANS[0], *here]) == 0
        assert [f"port={code}" in mail[1].get_body(("plain",)).get_content() for mail, code in zip(post.mails[-2:], ("MACAS", "MATNG"), strict=True)] == [True, True]
        (two[0].site / rules.FILE).write_text("[[rule]]\n", "utf-8")  # one port's wrong rules stop no other
        assert main(["alerts", "--evaluate", *here]) == 2
        said = capsys.readouterr()
        assert "smartport alerts MACAS: " in said.err and "1 open" in said.out
    finally:
        post.stop()


def test_two_ports_alerts_of_one_rule_and_instant_are_two(two) -> None:
    for settings in two:
        (settings.site / rules.FILE).write_text(RULE.format(limit=1, title="Slow"), "utf-8")
        evaluation.evaluate(settings, NOW)
    lines = history.read(two[0]).lines
    assert [line["port"] for line in lines] == ["MACAS", "MATNG"] and len({line["alert"] for line in lines}) == 2
