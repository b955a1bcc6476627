"""Third-party logs through mapping files only: every line of them accounted for."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from etl.contracts.reference import Site, load_site
from etl.identities import Identities
from etl.settings import ROOT, trial_data
from etl.sources import load_mappings, match
from etl.validate import Checked, check_file

TRIAL = trial_data()
pytestmark = pytest.mark.skipif(TRIAL is None, reason="no trial data: set SMARTPORT_TRIAL_DATA to the folder that holds customs_korea and gate_conflowgen")
KEY = Identities(b"a key for tests only")


def check_trial(port: str, name: str) -> tuple[Checked, Site]:
    site, path = load_site(ROOT / "sample_data" / "sites" / port), Path(TRIAL or ".") / name
    mapping = match(path, load_mappings(site.mappings))
    return check_file(path, mapping, site, KEY), site


def test_korean_declarations() -> None:
    checked, _ = check_trial("KRPUS", "customs_korea/df_syn_train_eng.csv")
    assert (checked.lines_n, checked.header_n, checked.blank_n, checked.read_n, checked.rejects.height) == (37_386, 1, 0, 37_385, 0)
    good = checked.good
    assert (good["event_on"].min(), good["event_on"].max()) == (dt.date(2020, 1, 1), dt.date(2020, 12, 31))
    assert dict(good["inspection_result_code"].value_counts().iter_rows()) == {"clear": 29_271, "hit": 8_114}
    assert good["hs_code"].str.len_chars().unique().to_list() == [6]
    assert good["event_at"].null_count() == good["channel_code"].null_count() == 37_385, "no times and no channels: such KPIs say no data"
    assert good["declaration_key"].n_unique() == 37_385


def test_hamburg_trucks() -> None:
    checked, _ = check_trial("DEHAM", "gate_conflowgen/trucks.csv")
    assert (checked.lines_n, checked.header_n, checked.blank_n, checked.read_n, checked.rejects.height) == (17_860, 1, 0, 17_859, 0)
    good = checked.good
    assert dict(good["direction_code"].value_counts().iter_rows()) == {"import": 12_393, "export": 5_466}
    assert good.filter(pl.col("source_line") == 2)["cleared_at"].item() == dt.datetime(2024, 4, 19, 10, 50, 56, 600_931)
    assert good["plate_key"].n_unique() == 17_859 and set(good["clock_flag"]) == {"ok"}


def test_a_truck_with_neither_time_is_rejected(tmp_path: Path) -> None:
    site, path = load_site(ROOT / "sample_data" / "sites" / "DEHAM"), tmp_path / "trucks.csv"
    head = (Path(TRIAL or ".") / "gate_conflowgen/trucks.csv").read_text().splitlines()[:2]
    path.write_text("\n".join([*head, "99999,True,False,,"]))
    checked = check_file(path, match(path, load_mappings(site.mappings)), site, KEY)
    assert (checked.good.height, checked.rejects["reasons"].to_list()) == (1, ["cleared_at is missing. Every gate line needs it"])
