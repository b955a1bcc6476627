"""The accuracy report: exact figures on a drawn truth, and the targets on a small simulated port loaded from its files."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from etl import pipeline, truth
from etl.contracts.reference import load_site
from etl.identities import load_identities
from etl.lake import Lake
from etl.settings import SAMPLE_SITE, Settings
from etl.warehouse import open_build
from sample_data.simulator.options import Options
from sample_data.simulator.run import simulate


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Path]:
    """Five days of 80 trucks around the clock change of 2026-09-20, loaded as they would arrive: late files later."""
    folder = tmp_path_factory.mktemp("truth")
    simulate(Options(folder / "sample", dt.date(2026, 9, 16), days=6, trucks_per_day=80.0, tracking_days=2, seed=5))
    settings = Settings(folder / "home", SAMPLE_SITE)
    for inbox in ("inbox", "inbox_late"):
        pipeline.load(settings, folder / "sample" / inbox)
    return settings, folder / "sample" / "truth"


def reported(settings: Settings, folder: Path) -> truth.TruthReport:
    site = load_site(settings.site)
    return truth.report(folder, open_build(settings.build, site.port_code).connection, load_identities(settings.keys, site), Lake(settings.lake, site.port_code))


def test_the_small_port_meets_the_targets(loaded):
    found = reported(*loaded)
    kinds = {kind.code: kind for kind in found.kinds}
    # On so small a port the four trucks that entered in the second passing of the repeated hour weigh more than 0.5 %.
    assert found.visits_f1 >= 0.98
    assert found.turnaround_mae_min <= 0.1 and found.turnaround_n > 300
    assert found.stays_f1 >= 0.985 and found.stay_mae_min <= 0.35
    assert found.faults_share >= 0.97, found.text()
    assert (kinds["clock_fault"].found_n, kinds["clock_fault"].others_n) == (kinds["clock_fault"].planted_n, 0)


def test_steps_sum_to_the_turnaround_of_every_visit(loaded):
    settings, _ = loaded
    sql = "SELECT max(abs(s - turnaround_min)), count(*) FROM fct_visits JOIN (SELECT visit_id, sum(step_min) s FROM fct_visit_steps GROUP BY 1) USING (visit_id)"
    worst, visits_n = open_build(settings.build, "MACAS").connection.cursor().sql(sql).fetchall()[0]
    assert worst < 1e-6 and visits_n > 300


def test_a_truth_that_says_otherwise_is_told(loaded, tmp_path):
    """Half of the true visits moved by 3 minutes: they match nothing, and F1 falls by as much."""
    settings, folder = loaded
    visits = pl.read_parquet(folder / "visits.parquet")
    moved = visits.with_columns(entry_at=pl.when(pl.col("visit_no") % 2 == 0).then(pl.col("entry_at") + dt.timedelta(minutes=3)).otherwise("entry_at"))
    moved.write_parquet(tmp_path / "visits.parquet")
    before, after = reported(settings, folder), reported(settings, tmp_path)
    assert abs(after.visits_f1 - before.visits_f1 / 2) < 0.02
    assert (after.faults_n, after.faults_share, after.stays_f1) == (0, None, None)
    assert "visits_f1" in after.misses and "Missed: visits_f1" in after.text()


def test_the_command_prints_and_returns_an_exit_code(loaded, capsys):
    settings, folder = loaded
    assert truth.run(settings, folder) in (0, 1)
    printed = capsys.readouterr().out
    assert "Visits:" in printed and "clock_fault" in printed
