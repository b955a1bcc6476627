"""Promises of the sample port: same seed same bytes, real queues, an effect that is a parameter, truth and logs that agree."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from sample_data.simulator import Options, demo, simulate, small
from sample_data.simulator.__main__ import main
from sample_data.simulator.names import Trucks, containers
from sample_data.simulator.port import servers

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ROOT / "sample_data" / "small"


def _digests(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*")) if path.is_file()}


def _truth(folder: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(folder / "truth" / f"{name}.parquet")


def test_same_seed_same_bytes_in_another_process(port: Path, tmp_path: Path):
    environment = os.environ | {"PYTHONHASHSEED": "12345", "TZ": "Asia/Tokyo"}
    command = [sys.executable, "-m", "sample_data.simulator", "--small", "--out", str(tmp_path)]
    subprocess.run(command, check=True, cwd=ROOT, env=environment, capture_output=True)
    assert _digests(tmp_path) == _digests(port)


def test_the_committed_sample_is_what_the_documented_command_makes(port: Path):
    made, kept = _digests(port), _digests(COMMITTED)
    assert set(made) == set(kept)
    # Parquet bytes carry the writer's version; their content must be equal, everything else byte for byte.
    for name in made:
        if name.endswith(".parquet"):
            assert pl.read_parquet(port / name).equals(pl.read_parquet(COMMITTED / name), null_equal=True), name
        else:
            assert made[name] == kept[name], name
    assert sum(path.stat().st_size for path in COMMITTED.rglob("*") if path.is_file()) < 10_000_000


def test_another_seed_makes_another_port(port: Path, tmp_path: Path):
    simulate(small(tmp_path, seed=7))
    assert _truth(tmp_path, "visits")["plate"].to_list() != _truth(port, "visits")["plate"].to_list()


def test_lanes_come_from_the_plate_not_from_the_seed():
    lanes = {}
    for seed in (1, 2):
        trucks = Trucks(seed, 5_000, 0.35)
        for plate, lane in zip(trucks.plates, trucks.lane.tolist(), strict=True):
            assert lanes.setdefault(plate, lane) == lane
        assert all(700 < (trucks.lane == lane).sum() < 970 for lane in range(6))


def test_container_numbers_have_their_check_digit():
    # CSQU3054383 is the worked example of ISO 6346; ours are checked by the same rule, written another way.
    values = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", (n for n in range(10, 39) if n % 11), strict=False)) | {str(d): d for d in range(10)}

    def check(text: str) -> int:
        return sum(values[letter] * 2**place for place, letter in enumerate(text[:10])) % 11 % 10

    assert check("CSQU305438") == 3
    import numpy as np

    assert all(check(text) == int(text[10]) for text in containers(np.array([0, 1, 999_999, 1_000_000, 5_123_456])).to_list())


def test_no_effect_asked_no_effect_in_the_truth(tmp_path: Path):
    simulate(Options(tmp_path, dt.date(2026, 7, 13), days=4, trucks_per_day=120, effect=0.0, checks_removed=0, tracking_days=0))
    visits = _truth(tmp_path, "visits")
    assert visits["turnaround_min"].equals(visits["turnaround_off_min"])
    effect = json.loads((tmp_path / "truth" / "pilot.json").read_text("utf-8"))
    assert effect["direct"]["mean_effect_min"] == effect["spillover"]["mean_effect_min"] == effect["direct"]["checks_effect"] == 0


def test_before_the_pilot_both_runs_are_one(tmp_path: Path):
    simulate(Options(tmp_path, dt.date(2026, 7, 9), days=8, trucks_per_day=120, tracking_days=0))
    visits = _truth(tmp_path, "visits")
    before = visits.filter(pl.col("exit_at") < dt.datetime(2026, 7, 12, 23))
    assert before.height > 200 and before["turnaround_min"].equals(before["turnaround_off_min"])
    after = visits.filter(pl.col("is_in_pilot") & pl.col("exit_at").is_not_null() & pl.col("exit_off_at").is_not_null())
    assert (after["turnaround_min"] < after["turnaround_off_min"]).mean() > 0.9
    assert (after["checks_off_n"] - after["checks_n"]).unique().to_list() == [2]


def test_tight_worlds_wait_longer_and_spill_over(worlds: dict[str, Path]):
    waits, effects = {}, {}
    for world, folder in worlds.items():
        stages = _truth(folder, "stages")
        waits[world] = (stages["started_at"] - stages["arrived_at"]).dt.total_seconds().mean()
        effects[world] = json.loads((folder / "truth" / "pilot.json").read_text("utf-8"))
    assert waits["tight"] > 2 * waits["light"] > 0
    for effect in effects.values():
        assert -0.20 < effect["direct"]["mean_effect_share"] < -0.07
        assert effect["direct"]["checks_effect"] == -2 and effect["spillover"]["checks_effect"] == 0
    spill = {world: effect["spillover"]["mean_effect_share"] for world, effect in effects.items()}
    assert spill["tight"] < spill["light"] <= 0.002
    assert spill["tight"] < -0.005


def test_times_are_those_of_a_port(worlds: dict[str, Path]):
    visits = _truth(worlds["tight"], "visits").filter(pl.col("turnaround_min").is_not_null())
    assert 45 < visits["turnaround_off_min"].median() < 80
    assert 95 < visits["turnaround_off_min"].quantile(0.9) < 165
    hours = visits.group_by(hour=(pl.col("queue_arrived_at").dt.hour() + 1) % 24).len().sort("len", descending=True)
    assert set(hours["hour"].head(4)) <= {8, 9, 10, 11, 12, 13}
    assert 0.03 < visits["has_trouble"].mean() < 0.07


def test_capacity_follows_the_trucks():
    for world in ("light", "tight"):
        pools = [servers(Options(Path("x"), trucks_per_day=size, world=world)) for size in (300, 3_000)]
        assert all(few.count <= many.count for few, many in zip(pools[0].values(), pools[1].values(), strict=True))


def test_stages_lie_within_their_visit_and_in_order(port: Path):
    visits, stages = _truth(port, "visits"), _truth(port, "stages")
    joined = stages.join(visits.select("visit_no", "entry_at", "exit_at"), on="visit_no").sort("visit_no", "stop_seq")
    assert (joined["started_at"] >= joined["arrived_at"]).all() and (joined["ended_at"] >= joined["started_at"]).all()
    assert joined.filter(pl.col("exit_at").is_not_null()).select((pl.col("ended_at") <= pl.col("exit_at")).all()).item()
    assert joined.select((pl.col("arrived_at") >= pl.col("entry_at")).all()).item()
    last = joined.filter(pl.col("step_code") == "port_gate_out")
    assert last["ended_at"].equals(last["exit_at"].rename("ended_at"))
    assert joined.select((pl.col("arrived_at") >= pl.col("ended_at").shift(1)).over("visit_no").fill_null(True).all()).item()


def test_a_foreign_folder_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "thesis.txt").write_text("mine")
    assert main(["--out", str(tmp_path), "--small"]) == 2
    assert "thesis.txt" in capsys.readouterr().err and (tmp_path / "thesis.txt").exists()


def test_impossible_options_are_refused():
    for wrong in ({"world": "empty"}, {"days": 0}, {"effect": 1.0}, {"checks_removed": 9}):
        with pytest.raises(ValueError):
            Options(Path("x"), **wrong)


@pytest.mark.parametrize("size", [8, 4_000])
def test_any_size_can_be_made(size: int, tmp_path: Path):
    summary = simulate(Options(tmp_path, dt.date(2026, 7, 12), days=2, trucks_per_day=size, tracking_days=1))
    assert summary.visits_n > size
    assert (tmp_path / "truth" / "pilot.json").stat().st_size > 10


@pytest.mark.slow
def test_two_million_lines_a_minute(tmp_path: Path):
    summary = simulate(Options(tmp_path, dt.date(2026, 7, 6), days=7, tracking_days=7))
    assert summary.lines_n / summary.seconds * 60 > 2e6


def test_a_run_that_ends_before_its_pilot_says_so(tmp_path: Path):
    assert "begins on 2026-07-13, after the last day" in demo(tmp_path, days=120).without_pilot()
    assert "only 6 days of the pilot" in demo(tmp_path, days=195).without_pilot() and "273 days or more" in demo(tmp_path, days=195).without_pilot()
    assert demo(tmp_path).without_pilot() == ""
