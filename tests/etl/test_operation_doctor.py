"""The doctor names what is wrong, and what to do; time zone data that are too old stop a load."""

from __future__ import annotations

import datetime as dt
import json
import shutil

import pytest

from dashboard.__main__ import main
from etl import clock, pipeline, warehouse
from etl.errors import BuildError, SettingsError
from etl.loading import lock, rekey
from etl.operation import doctor
from etl.settings import SAMPLE_SITE, Settings
from tests.etl.small_port import small_port
from tests.etl.test_pipeline import PORT

NOW = dt.datetime.now(dt.UTC).replace(tzinfo=None) + dt.timedelta(hours=1)  # after whatever is published here


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("doctor")
    settings = Settings(home=folder / "home", site=SAMPLE_SITE)
    pipeline.load(settings, small_port(days=2, trucks=3).write(folder / "inbox"))
    return settings


@pytest.fixture
def own(loaded, tmp_path):
    return Settings(home=shutil.copytree(loaded.home, tmp_path / "home"), site=loaded.site)


def failures(settings: Settings, now: dt.datetime = NOW) -> dict[str, str]:
    return {one.area: f"{one.found} {one.do}" for one in doctor.examine(settings, now) if one.level == "FAIL"}


def test_a_sound_installation_has_no_failure_and_every_area_is_told(loaded):
    built = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    found = doctor.examine(loaded, built)
    assert not [one for one in found if one.level == "FAIL"]
    assert {one.area for one in found} == {"versions", "disk", "permissions", "clock", "key", "mappings", "lake", "build", "freshness"}
    assert all(bool(one.do) == (one.level != "OK") for one in found)
    assert "moves_codeco.toml: no file" in str(found), "a log that does not come"
    assert [one.level for one in found if one.area == "freshness"] == ["WARN"] * 12, "half a year old by this machine's clock"


def test_what_is_wrong_is_named_with_what_to_do(own, monkeypatch, tmp_path):
    (own.keys).mkdir(mode=0o700, exist_ok=True)
    (own.keys / "secret").touch(mode=0o644)
    assert "chmod -R go=" in failures(own)["permissions"]
    assert "Set the clock" in failures(own, dt.datetime(2020, 1, 1))["clock"]
    next(iter(sorted(own.lake.rglob("*.parquet")))).unlink()
    assert "smartport verify" in failures(own)["lake"]
    site = shutil.copytree(SAMPLE_SITE, tmp_path / "site")
    (site / "mappings" / "gate_port.toml").write_text("source = 'gate'\nfiles = ")
    assert "not TOML" in failures(Settings(home=own.home, site=site))["mappings"]
    with (site / "reference" / "calendar.csv").open("a", encoding="utf-8") as file:
        file.write("2027-05-05,2027-05-05,clock,An invented change,,\n")
    assert "2027-05-05" in failures(Settings(home=own.home, site=site))["clock"]
    usage = shutil.disk_usage(own.home)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=usage.total // 100))
    assert "Make room" in failures(own)["disk"]
    (own.build / PORT / "current.json").write_text("{")
    assert "smartport rebuild" in failures(own)["build"]
    site_gone = Settings(home=own.home, site=tmp_path / "nowhere")
    assert "site.toml" in failures(site_gone)["site"]


def test_a_rotation_that_was_killed_and_a_running_load_are_told_apart(own, tmp_path):
    site = shutil.copytree(SAMPLE_SITE, tmp_path / "site")
    (site / "demo.key").unlink()
    settings = Settings(home=own.home, site=site)
    own.keys.mkdir(mode=0o700, exist_ok=True)
    for name in (rekey.KEY, rekey.NEXT):
        rekey.write_owner_only(own.keys / name, b"0" * 32)
    told = str([one for one in doctor.examine(settings, NOW) if one.area == "key"])
    assert "smartport key finish" in told and "Restore the key" in told
    with lock.one_writer(own.home):
        found = [one for one in doctor.examine(own, NOW) if one.area == "locks"]
    assert [(one.level, one.found.split(" (")[0].split(": ")[0]) for one in found] == [("OK", "a load is running")]
    assert not [one for one in doctor.examine(own, NOW) if one.area == "locks"], "the file of a lock nobody holds is no lock"


def test_the_command_prints_and_returns_what_a_timer_can_use(own, capsys):
    assert main(["doctor", "--home", str(own.home), "--json"]) == 0
    about = json.loads(capsys.readouterr().out)
    assert about["FAIL"] == 0 and len(about["findings"]) == about["OK"] + about["WARN"]
    next(iter(sorted(own.lake.rglob("*.parquet")))).unlink()
    assert main(["doctor", "--home", str(own.home)]) == 7
    assert "FAIL lake" in capsys.readouterr().out


def test_what_is_wrong_in_the_settings_of_the_pages_is_named(own, capsys):
    """Who may sign in, what is watched and who is told: files only a server or an evaluation would have met."""

    def told(level: str) -> dict[str, str]:
        main(["doctor", "--home", str(own.home), "--json"])
        return {one["area"]: f"{one['found']} {one['do']}" for one in json.loads(capsys.readouterr().out)["findings"] if one["level"] == level and one["area"] in ("sign-in", "alerts", "delivery")}

    def write(name: str, text: str, mode: int = 0o600) -> None:
        own.keys.mkdir(mode=0o700, exist_ok=True)
        (own.keys / name).write_text(text, "utf-8")
        (own.keys / name).chmod(mode)

    assert not told("FAIL") and "6 of 7 rules" in told("OK")["alerts"] and "nobody signs in" in told("OK")["sign-in"] and "sent to nobody" in told("OK")["delivery"]
    login = '[login]\nmetadata_url = "https://a.example/x"\nclient_id = "s"\nclient_secret = "never shown"\nredirect = "https://b.example/oauth2callback"\ncontact = "x"\n[groups.a]\nroles = ["viewer"]\nterminals = ["TCE", "T99"]\n'
    mail = 'base_url = "https://a.example"\n[to.%s]\nwebhook = { url = "https://a.example/", secret = "0123456789abcdef" }\n'
    write("access.toml", login)
    assert "'T99' is none of MACAS" in told("WARN")["sign-in"]
    write("access.toml", login + 'ports = ["MATNG"]\n')
    assert "1 groups and persons have a role, 0 at MACAS" in told("OK")["sign-in"]
    write("delivery.toml", mail % "operations")
    assert "'data' is told by a rule and is no recipient" in told("FAIL")["delivery"]
    write("access.toml", login.replace("viewer", "king"))
    write("alerts.toml", "[[rule]]\ncode = 'a'\n")
    write("delivery.toml", mail % "operations", 0o644)
    found = told("FAIL")
    assert "role 'king' is not known. Known: viewer" in found["sign-in"] and "does not say what it watches" in found["alerts"] and "chmod 600" in found["delivery"]
    assert main(["doctor", "--home", str(own.home)]) == 7 and "never shown" not in capsys.readouterr().out


def test_several_ports_are_examined_one_after_the_other(own, tmp_path, monkeypatch, capsys):
    other = shutil.copytree(SAMPLE_SITE, tmp_path / "MATNG")
    (other / "site.toml").write_text((other / "site.toml").read_text("utf-8").replace('"MACAS"', '"MATNG"'), "utf-8")
    monkeypatch.setenv("SMARTPORT_SITE", f"{own.site}:{other}")
    assert main(["doctor", "--home", str(own.home), "--json"]) == 0
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (first["site"], second["site"]) == (str(own.site), str(other)) and "no build is published" in str(second["findings"]) and "no build is published" not in str(first["findings"])
    assert main(["backup", str(tmp_path / "kept"), "--home", str(own.home)]) == 0
    [made] = (tmp_path / "kept").glob("*/backup.json")
    assert (made.parent / "sites" / "2-MATNG" / "site.toml").read_bytes() == (other / "site.toml").read_bytes() and (made.parent / "site" / "site.toml").is_file()


def test_time_zone_data_older_than_the_port_needs_stop_a_load(own, monkeypatch, tmp_path):
    """With tzdata 2026b every Moroccan hour after 20 September 2026 is one hour wrong, and nothing else would look wrong."""
    empty = tmp_path / "empty"
    empty.mkdir()
    before = warehouse.current_build_id(own.build, PORT)
    monkeypatch.setattr(clock, "TZDATA_VERSION", "2026.2")
    with pytest.raises(SettingsError, match=r"tzdata is of 2026\.2, but the clock of Africa/Casablanca needs 2026\.3"):
        pipeline.load(own, empty)
    with pytest.raises(SettingsError, match="tzdata"):
        pipeline.rebuild(own)
    assert "tzdata" in failures(own)["clock"]
    monkeypatch.setattr(clock, "TZDATA_VERSION", "2026.3")  # enough for the port, but the build was made with the newer one of today
    with pytest.raises(SettingsError, match="the current build was made with"):
        pipeline.load(own, empty)
    assert warehouse.current_build_id(own.build, PORT) == before


def test_a_build_of_newer_rules_is_not_silently_replaced(own, monkeypatch, tmp_path):
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr(pipeline, "RULES_VERSION", "1")
    with pytest.raises(BuildError, match="a newer program made it"):
        pipeline.load(own, tmp_path / "empty")
    assert pipeline.rebuild(own).rules_version == "1", "going back is a rebuild, asked for"
