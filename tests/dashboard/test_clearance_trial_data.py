"""The customs declarations of another country (Korea), loaded through their mapping: rates by office and month equal the file's own; what it does not hold is no data."""

from __future__ import annotations

import datetime as dt
import math
import shutil
from pathlib import Path

import polars as pl
import pytest

from dashboard.metrics.clearance import LIMITS_H, within
from dashboard.selection import Selection
from dashboard.store import Store
from etl import cli
from etl.settings import ROOT, Settings, trial_data

FILE = Path(trial_data() or ".") / "customs_korea" / "df_syn_train_eng.csv"
SITE = ROOT / "sample_data" / "sites" / "KRPUS"
YEAR = Selection("KRPUS", dt.date(2020, 1, 1), dt.date(2021, 1, 1), comparison="none")
Z95 = 1.959963984540054

pytestmark = pytest.mark.skipif(not FILE.is_file(), reason="no trial data: set SMARTPORT_TRIAL_DATA to the folder that holds customs_korea")


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    home, inbox = tmp_path_factory.mktemp("korea") / "home", tmp_path_factory.mktemp("inbox")
    shutil.copy(FILE, inbox)
    assert cli.main(["load", str(inbox), "--home", str(home), "--site", str(SITE), "--quiet"]) == 0
    return Store(Settings(home, SITE), "KRPUS")


def test_the_hit_rate_by_office_and_month_is_the_file_s_own_with_wilson_limits(store):
    raw = pl.read_csv(FILE, schema_overrides={"Office ID": pl.String})
    plain = raw.group_by(office="Office ID", period=pl.col("Date").str.to_date().dt.truncate("1mo")).agg(n=pl.len(), hits=pl.col("Fraud").sum())
    found = store.ask(YEAR, ["declaration_hit_share"], by=["office"], grain="month").frame
    both = found.join(plain, on=["office", "period"], how="full", coalesce=True)
    assert found.height == plain.height == both.height > 100
    for row in both.iter_rows(named=True):
        n, p = row["n"], row["hits"] / row["n"]
        middle, half = (p + Z95**2 / (2 * n)) / (1 + Z95**2 / n), Z95 * math.sqrt(p * (1 - p) / n + Z95**2 / (4 * n * n)) / (1 + Z95**2 / n)
        assert row["declaration_hit_share__n"] == n and row["declaration_hit_share"] == pytest.approx(p)
        assert (row["declaration_hit_share__low"], row["declaration_hit_share__high"]) == (pytest.approx(middle - half, abs=1e-6), pytest.approx(middle + half, abs=1e-6))


def test_dates_without_times_give_no_minutes_and_no_zeros(store):
    codes = ["clearance_p50", "clearance_mean", "release_p50", "gate_out_p50", "prelodged_share", "physical_share", "out_before_release_share", *map(within, LIMITS_H)]
    found = store.ask(YEAR, [*codes, "declarations"]).frame.row(0, named=True)
    assert found["declarations"] > 30_000
    assert all(found[code] is None and found[f"{code}__n"] == 0 for code in codes)
    assert store.table("fct_declaration_stages").is_empty()
