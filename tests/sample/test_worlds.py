"""The worlds kept in memory are those the logs come from, and each does what its name says."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from sample_data.simulator import Options, simulate
from sample_data.simulator.worlds import switched, worlds

START = dt.date(2026, 7, 13)


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> Options:
    """Nine days of a small tight port, two of them before the pilot."""
    return Options(tmp_path_factory.mktemp("port"), START - dt.timedelta(days=2), days=9, trucks_per_day=120, tracking_days=0, has_faults=False)


@pytest.fixture(scope="module")
def made(options: Options) -> pl.DataFrame:
    return worlds(options)


def _wall(name: str) -> pl.Expr:
    return pl.col(name).dt.replace_time_zone("UTC").dt.convert_time_zone("Africa/Casablanca").dt.hour()


@pytest.mark.parametrize("effect", [0.12, 0.0])
def test_worlds_in_memory_are_those_behind_the_logs(options: Options, made: pl.DataFrame, effect: float, tmp_path: Path) -> None:
    """With an effect both worlds agree to the second; a run without one is the world without the pilot."""
    simulate(Options(tmp_path, options.start, days=options.days, trucks_per_day=options.trucks_per_day, tracking_days=0, has_faults=False, effect=effect))
    truth = pl.read_parquet(tmp_path / "truth" / "visits.parquet").sort("visit_no")
    with_pilot = "on" if effect else "off"
    expected = made.filter(pl.col(f"day_{with_pilot}").is_not_null())
    assert truth.height == expected.height > 900 and truth["turnaround_min"].null_count() > 0
    for name, column in ((f"day_{with_pilot}", "entry_day"), (f"turnaround_{with_pilot}_min", "turnaround_min"), ("turnaround_off_min", "turnaround_off_min"), *((each, each) for each in ("visit_no", "lane_code", "terminal_code", "cargo_class_code"))):
        assert expected[name].equals(truth[column].rename(name), null_equal=True), name
    assert expected[f"hour_{with_pilot}"].cast(pl.Int64).to_list() == truth.select(_wall("entry_at").cast(pl.Int64)).to_series().to_list()


def test_every_lane_gains_where_every_lane_has_the_pilot(made: pl.DataFrame) -> None:
    whole = made.drop_nulls()
    before, since = whole.filter(pl.col("day_on") < START - dt.timedelta(days=1)), whole.filter(pl.col("day_on") >= START)
    assert before.height > 50 and before["turnaround_on_min"].equals(before["turnaround_all_min"].rename("turnaround_on_min"))
    gain = since.group_by("lane_code").agg(on=pl.col("turnaround_on_min").mean() / pl.col("turnaround_off_min").mean() - 1, everywhere=pl.col("turnaround_all_min").mean() / pl.col("turnaround_off_min").mean() - 1)
    assert gain.height == 6 and gain["everywhere"].max() < -0.07
    assert gain.filter(pl.col("lane_code") > "6C")["on"].min() > gain["everywhere"].max()


def test_switched_on_every_day_it_is_the_world_of_every_lane(options: Options, made: pl.DataFrame) -> None:
    """Told to start with the run, so that both are the same port; on no day it is the world without the pilot. Between, only the days that are on change."""
    begun = dataclasses.replace(options, pilot_start=options.start + dt.timedelta(days=14), days=18)
    every, none = switched(begun, [begun.start + dt.timedelta(days=each) for each in range(18)]), switched(begun, [])
    later = dt.date(2026, 7, 27)
    some = switched(begun, [later])
    whole = worlds(begun)
    assert none["turnaround_switched_min"].equals(whole["turnaround_off_min"].rename("turnaround_switched_min"), null_equal=True)
    first_days = [some.filter(pl.col("day_switched") < later), none.filter(pl.col("day_switched") < later)]
    assert first_days[0].height > 1000 and (first_days[0]["turnaround_switched_min"] == first_days[1]["turnaround_switched_min"]).mean() > 0.99
    since = pl.col("day_switched") == later
    means = [frame.filter(since)["turnaround_switched_min"].mean() for frame in (every, some, none)]
    assert means[2] > 1.07 * means[1] and abs(means[1] / means[0] - 1) < 0.05
