"""Several ports in one installation: each from its own folder of the inbox into its own build, and none in the way of another."""

from __future__ import annotations

import argparse
import datetime as dt
import io
import json
import os
import shutil
import threading
import time

import pytest

from etl import cli, ports, warehouse
from etl.contracts.reference import load_site
from etl.errors import BuildError, InputError, SettingsError
from etl.loading import lock
from etl.loading.report import AfterStep
from etl.operation import command
from etl.operation.journal import Journal
from etl.operation.watch import Watch
from etl.operation.watch_ports import watch_ports
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


def test_one_watcher_loads_the_folder_of_every_port_and_they_take_turns(two, tmp_path, capsys):
    """What follows a load is done for the port that was loaded, never for two at once; a file in no port's folder is named and left."""
    for code in ("MACAS", "MATNG"):
        for path in (tmp_path / "inbox" / code).iterdir():
            if not path.name.startswith("gate_port_2026-06-01"):
                path.unlink()
    (tmp_path / "inbox" / "lost.csv").write_text("x\n")
    followed, at_once = [], threading.Semaphore(1)

    def after_load(settings, report):
        assert at_once.acquire(blocking=False), "two ports at once"
        time.sleep(0.05)
        followed.append((load_site(settings.site).port_code, report.port_code))
        at_once.release()
        return (AfterStep("alerts", "judged"),)

    log = io.StringIO()
    about = Watch(tmp_path / "inbox", tmp_path / "aside", tmp_path / "done", quiet_s=0.0, poll_s=0.05, attempts=3, is_once=True)
    assert watch_ports(two, about, Journal(as_json=True, stream=log), threading.Event(), after_load) == 0
    assert sorted(set(followed)) == [("MACAS", "MACAS"), ("MATNG", "MATNG")]
    assert [path.relative_to(tmp_path).as_posix() for path in sorted((tmp_path / "done").rglob("*")) if path.is_file()] == [f"done/{code}/gate_port_2026-06-01.csv" for code in ("MACAS", "MATNG")]
    assert (tmp_path / "done").stat().st_mode & 0o777 == 0o700 and (tmp_path / "inbox" / "lost.csv").is_file()
    for code in ("MACAS", "MATNG"):
        assert warehouse.open_build(two[0].build, code).connection.execute("SELECT DISTINCT port_code FROM fct_visits").fetchall() == [(code,)]
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["file"] for line in lines if line["event"] == "loose"] == ["lost.csv"]
    assert {line["port_code"] for line in lines if line["event"] == "after_alerts"} == {"MACAS", "MATNG"} and not [line for line in lines if line["level"] == "error"]
    home = ["--home", str(two[0].home), "--site", os.pathsep.join(str(port.site) for port in two)]
    parser = argparse.ArgumentParser()
    command.add_commands(parser.add_subparsers())
    asked = parser.parse_args(["watch", str(tmp_path / "inbox"), "--once", "--quiet-time", "0", "--poll", "0.05", *home])
    shutil.rmtree(tmp_path / "inbox" / "MATNG")
    with lock.one_watcher(two[0].home, "MACAS"):  # somebody watches one of them already: the other is loaded all the same
        assert asked.run(asked) == 5
    said = capsys.readouterr().err
    assert "MACAS: " in said and "is being watched already" in said and "MATNG: Stopped" in said and (tmp_path / "inbox" / "MATNG").is_dir()
