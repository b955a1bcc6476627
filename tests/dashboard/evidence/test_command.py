"""`smartport evidence`: text, JSON, and one sentence for every table it cannot use."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import polars as pl
import pytest

from dashboard.__main__ import main
from dashboard.evidence.worlds import World, simulate


def _table(path, world: World, drop: str = ""):
    minutes = np.exp(simulate(world, 1, 3)[0])
    lines = ["lane,day,turnaround_min,arm,visits"]
    for unit, row in enumerate(minutes):
        for day, value in enumerate(row):
            lines.append(f"6{'ABCDEF'[unit]},{dt.date(2026, 1, 5) + dt.timedelta(days=day)},{value:.3f},{'pilot' if world.treated[unit] else 'comparison'},50")
    path.write_text("\n".join(line for line in lines if not drop or drop not in line) + "\n", "utf-8")
    return path


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return _table(tmp_path_factory.mktemp("panel") / "lanes.csv", World())


def _arguments(path, *more: str) -> list[str]:
    return ["evidence", "--panel", str(path), "--unit", "lane", "--period", "day", "--outcome", "turnaround_min", "--treated", "arm", "--start", "2026-05-05", "--weight", "visits", "--kind", "lane", *more]


def test_text_in_both_languages(table, capsys) -> None:
    assert main(_arguments(table, "--end-day", "120")) == 0
    said = capsys.readouterr().out
    assert said.startswith("Trucks at lanes 6A and 6B took ") and "verdict" in said and "strong" in said and "trial dates" in said
    assert main(_arguments(table, "--end-day", "120", "--lang", "fr")) == 0
    assert capsys.readouterr().out.startswith("Les camions aux voies 6A et 6B ont mis ")


def test_json_holds_every_value(table, capsys) -> None:
    assert main(_arguments(table, "--json", "--end-day", "120", "--shared", "WB1, SCAN")) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["verdict"]["code"] == "moderate" and made["bounds"]["low"] <= made["change"]["low"] < made["change"]["best"] < made["change"]["high"] < 0
    assert len(made["checks"]["event_study"]) == 8 and len(made["fingerprint"]) == 16


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"--start": "2031-01-01"}, "is no period of the data"), ({"--unit": "berth"}, "there is no column 'berth'"), ({"--panel": "no-such.csv"}, "there is no such file"),
        ({"--treated": "arm=nobody"}, "no row is treated"), ({"--treated": "visits"}, "neither treated nor not"), ({"--outcome": "arm"}, "no row has a unit, a period and a number"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence(table, capsys, change, said) -> None:
    arguments = _arguments(table)
    for name, value in change.items():
        arguments[arguments.index(name) + 1] = value
    assert main(arguments) == 3
    out, err = capsys.readouterr()
    assert said in err and not out and err.count("\n") == 1


def test_no_comparison_and_one_day_give_no_number(tmp_path, capsys) -> None:
    alone = _table(tmp_path / "alone.csv", World(), drop="comparison")
    assert main(_arguments(alone)) == 0
    said = capsys.readouterr().out
    assert said.startswith("Not yet measurable") and "no comparison unit" in said and "best estimate" not in said
    short = _table(tmp_path / "short.csv", World(before=120, after=1))
    assert main(_arguments(short)) == 0
    assert (said := capsys.readouterr().out).startswith("Not yet measurable: 1 day after the start, because the days measured since the start number 1 and 28 are needed")
    assert "gap" not in said


def test_nothing_can_be_the_log_of_zero(tmp_path, capsys) -> None:
    path = tmp_path / "zero.csv"
    path.write_text("lane,day,y,arm\nA,1,0,1\nA,2,1,1\nB,1,1,0\nB,2,1,0\n")
    arguments = ["evidence", "--panel", str(path), "--unit", "lane", "--period", "day", "--outcome", "y", "--treated", "arm", "--start", "2"]
    assert main(arguments) == 3 and "logarithm" in capsys.readouterr().err
    assert main([*arguments, "--scale", "level"]) == 0


def test_the_collapsed_table_reproduces_the_estimate(table, tmp_path, capsys) -> None:
    """The line of R, step by step in numpy: the same gap, and the same standard error from 28-day blocks."""
    target = tmp_path / "blocks.csv"
    assert main(_arguments(table, "--json", "--end-day", "120", "--collapsed", str(target))) == 0
    out, err = capsys.readouterr()
    made, d = json.loads(out), pl.read_csv(target)
    assert "lm(y ~ D + factor(unit) + factor(block), d)" in err and target.as_posix() in err
    units, blocks = d["unit"].unique().sort().to_list(), d["block"].unique().sort().to_list()
    design = np.column_stack([d["D"], *((d["unit"] == unit).cast(pl.Float64) for unit in units), *((d["block"] == block).cast(pl.Float64) for block in blocks[1:])])
    beta = np.linalg.lstsq(design, d["y"].to_numpy(), rcond=None)[0]
    sigma = np.sqrt(((d["y"].to_numpy() - design @ beta) ** 2).sum() / (d.height - design.shape[1]))
    contrast = [sum(d.group_by(key).agg(pl.col(name).mean())[name] ** 2) for key, name in (("unit", "c"), ("block", "p"))]
    noise = next(each for each in made["found"]["noise"] if each["name"] == "blocks_28")
    assert (d["c"] * d["p"] * d["y"]).sum() == pytest.approx(made["found"]["b"], abs=1e-9)
    assert sigma * np.sqrt(contrast[0] * contrast[1]) == pytest.approx(noise["se"], abs=1e-9)
