"""Several ports in one installation: each from its own folder of the inbox into its own build, and none in the way of another."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil

import pytest

from etl import cli, ports, warehouse
from etl.errors import BuildError, InputError, SettingsError
from etl.settings import SAMPLE_SITE, Settings, load_ports, load_settings
from tests.etl.small_port import small_port


@pytest.fixture
def two(tmp_path):
    """Two ports of the same systems: the sample port, and one like it under another code."""
    other = tmp_path / "sites" / "MATNG"
    shutil.copytree(SAMPLE_SITE, other)
    about = other / "site.toml"
    about.write_text(about.read_text("utf-8").replace('"MACAS"', '"MATNG"'), "utf-8")
    small_port(days=2, trucks=3, seed=1).write(tmp_path / "inbox" / "MACAS")
    small_port(days=2, trucks=3, seed=2).write(tmp_path / "inbox" / "MATNG")
    return Settings(tmp_path / "home", SAMPLE_SITE), Settings(tmp_path / "home", other)


def test_each_port_has_its_own_rows(two, tmp_path):
    reports = ports.load(two, tmp_path / "inbox")
    assert [(report.port_code, report.is_changed, report.refused) for report in reports] == [("MACAS", True, ()), ("MATNG", True, ())]
    seen = {}
    for code in ("MACAS", "MATNG"):
        build = warehouse.open_build(tmp_path / "home" / "build", code)
        assert build.connection.execute("SELECT DISTINCT port_code FROM fct_visits").fetchall() == [(code,)]
        seen[code] = {row[0] for row in build.connection.execute("SELECT visit_id FROM fct_visits").fetchall()}
    assert seen["MACAS"] and seen["MATNG"] and not seen["MACAS"] & seen["MATNG"]


def test_the_command_line_takes_several_sites(two, tmp_path, monkeypatch, capsys):
    (tmp_path / "inbox" / "README.txt").write_text("no log")
    home = ["--home", str(tmp_path / "home"), *(word for port in two for word in ("--site", str(port.site)))]
    assert cli.main(["load", str(tmp_path / "inbox"), "--quiet", *home]) == 3, "a file in no port's folder is told"
    said = capsys.readouterr()
    assert "refused: README.txt: it lies in the folder of no port." in said.err
    assert "MACAS:\n" in said.out and "MATNG:\n" in said.out
    monkeypatch.setenv("SMARTPORT_SITE", os.pathsep.join(str(port.site) for port in two))
    assert cli.main(["status", "--json", *home[:2]]) == 0
    assert [json.loads(line)["port_code"] for line in capsys.readouterr().out.splitlines()] == ["MACAS", "MATNG"]
    assert cli.main(["rebuild", "--quiet", *home]) == 0
    assert cli.main(["rejects", *home]) == 2
    assert "is about one port" in capsys.readouterr().err


def test_a_port_that_fails_stops_no_other(two, tmp_path):
    ports.load(two, tmp_path / "inbox")
    (two[1].site / "demo.key").write_text("another key of sufficient length")
    small_port(days=1, trucks=2, seed=5, first=dt.date(2026, 6, 9)).write(tmp_path / "inbox" / "MACAS")
    first, second = ports.load(two, tmp_path / "inbox")
    assert first.is_changed and isinstance(second, SettingsError)


def test_what_is_wrong_with_several_ports_is_one_sentence(two, tmp_path):
    with pytest.raises(SettingsError, match="both of port MACAS"):
        ports.codes_of([two[0], two[0]])
    with pytest.raises(InputError, match="no folder of any port"):
        ports.inboxes(tmp_path / "sites", ["MACAS", "USNYC"])
    with pytest.raises(BuildError, match="no build is published"):
        warehouse.open_build(tmp_path / "home" / "build", "MACAS")


def test_sites_come_from_arguments_or_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("SMARTPORT_SITE", f"{tmp_path / 'a'}{os.pathsep}{tmp_path / 'b'}")
    assert [port.site.name for port in load_ports(tmp_path)] == ["a", "b"]
    assert load_settings(tmp_path).site.name == "a"
    assert [port.site.name for port in load_ports(tmp_path, [str(tmp_path / "c"), str(tmp_path / "d"), str(tmp_path / "c")])] == ["c", "d"]
    monkeypatch.delenv("SMARTPORT_SITE")
    assert [port.site for port in load_ports(tmp_path)] == [SAMPLE_SITE]
