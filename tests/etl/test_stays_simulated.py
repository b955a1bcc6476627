"""Zone stays against the simulator's truth, on seeds no rule was chosen on: the targets of the project with room to spare."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from etl.contracts.reference import load_site
from etl.identities import fold
from etl.settings import SAMPLE_SITE
from etl.transform import stays
from etl.transform.zones import ZoneGrid
from sample_data.simulator.options import Options
from sample_data.simulator.run import simulate
from tests.etl.tracks import score

_POSITION = ("fix_at", "longitude_deg", "latitude_deg")


def fixes_of(folder: Path) -> pl.DataFrame:
    """Return both trackers' fixes, one a truck and instant."""
    lines = pl.concat([pl.read_ndjson(path) for path in sorted(folder.glob("inbox*/tracking_a_*.jsonl"))])
    tables = pl.concat([pl.read_parquet(path) for path in sorted(folder.glob("inbox*/tracking_b_*.parquet"))])
    a = lines.select("plate", fix_at=pl.col("t").str.replace("Z", "").str.to_datetime(time_unit="us"), longitude_deg="lon", latitude_deg="lat")
    b = tables.select(plate="vehicle", fix_at=pl.col("time_utc").dt.replace_time_zone(None).cast(pl.Datetime("us")), longitude_deg="longitude", latitude_deg="latitude")
    return keyed(pl.concat([a, b])).unique(["plate_key", "fix_at"], keep="first", maintain_order=True).select("plate_key", *_POSITION)


def keyed(frame: pl.DataFrame) -> pl.DataFrame:
    plates = frame["plate"].unique().to_list()
    return frame.with_columns(plate_key=pl.col("plate").replace_strict(plates, [fold(plate) for plate in plates], return_dtype=pl.String))


@pytest.mark.parametrize("seed", [41, 42])
def test_zone_stays_meet_the_targets_on_the_simulated_port(seed, tmp_path):
    simulate(Options(tmp_path, dt.date(2026, 9, 1), days=3, trucks_per_day=300.0, seed=seed, tracking_days=3, has_faults=False))
    site = load_site(SAMPLE_SITE)
    grid = ZoneGrid.from_site(site)
    fixes = fixes_of(tmp_path)
    found = stays.stitch(pl.concat([stays.pieces(day, grid) for _, day in fixes.group_by(pl.col("fix_at").dt.date())]), site, grid)
    truth = keyed(pl.read_parquet(tmp_path / "truth" / "zone_stays.parquet"))
    got = score(found, truth)
    assert got["true"] > 1000 and got["f1"] >= 0.985 and got["mae_min"] <= 0.25, got

    queued = truth.filter(pl.col("zone_code") == "Q6").rename({"entered_at": "true_at"}).sort("left_at")
    waits = stays.queue_arrivals(found, site).sort("queue_left_at")
    pairs = queued.join_asof(waits, left_on="left_at", right_on="queue_left_at", by="plate_key", strategy="nearest", tolerance="5m", check_sortedness=False)
    assert pairs["queue_arrived_at"].null_count() <= 0.01 * len(pairs)
    assert (pairs["queue_arrived_at"] - pairs["true_at"]).dt.total_microseconds().abs().mean() / 6e7 <= 0.25
