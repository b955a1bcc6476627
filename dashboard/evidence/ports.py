"""Whole simulated ports judged as real ones are, where what happened is known: lanes share weighbridge, scanner and yards, so that relief spreads.

    rows = judge(visits, start=..., last=..., pilots=("6A", "6B", "6C"))      # visits of sample_data.simulator.worlds: with the pilot, without, on every lane
    figures = port_figures(pl.DataFrame(rows), is_light=True)
Two truths, both differences of mean turnaround over visits since the start that ended in all three worlds, against the world without the pilot:
`own`, what the pilot as run did to the visits of its own lanes (neighbours' relief included), and `all`, what it does to every visit of the port once every lane has it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import polars as pl

from dashboard.evidence.acceptance import Figure
from dashboard.evidence.daily import HOURS_A_BLOCK, pack, standardised
from dashboard.evidence.effect import Plan, assess
from dashboard.evidence.estimate import t_two_sided
from dashboard.evidence.panel import Panel
from dashboard.evidence.switchback import Day, calendar, paired, pairs_in
from dashboard.evidence.verdict import ALPHA

BLOCKS = {1: "one day", 7: "a week"}  # designs tried on the same 84 days
SHARED = ("weighbridge", "scanner", "yards")
VERDICTS_OF_EFFECT = ("strong", "moderate")


def panel_of(visits: pl.DataFrame, name: str, start: dt.date, last: dt.date, pilots: tuple[str, ...]) -> Panel:
    """Return the like-for-like daily mean of each lane in the world `name`, from the first day of entry to `last`."""
    first = visits[f"day_{name}"].min()
    days = tuple(first + dt.timedelta(days=each) for each in range((last - first).days + 1))
    closed = visits.filter((pl.col(f"day_{name}") <= last) & pl.col(f"turnaround_{name}_min").is_not_null())
    lanes, classes = (tuple(closed[column].unique().sort()) for column in ("lane_code", "cargo_class_code"))
    cells = closed.select(
        cell=pl.col("lane_code").replace_strict(list(lanes), range(len(lanes)), return_dtype=pl.Int64) * len(days) + (pl.col(f"day_{name}") - first).dt.total_days(),
        mix=pl.col(f"hour_{name}").cast(pl.Int64) // HOURS_A_BLOCK * len(classes) + pl.col("cargo_class_code").replace_strict(list(classes), range(len(classes)), return_dtype=pl.Int64),
    )  # fmt: skip
    packed = pack(cells["cell"].to_numpy(), closed[f"turnaround_{name}_min"].to_numpy(), cells["mix"].to_numpy())
    return standardised(packed, lanes, days, np.full(len(lanes), (start - first).days), np.isin(lanes, pilots), np.zeros((2, 2), int)).panel("mean")


def truth(visits: pl.DataFrame, start: dt.date, last: dt.date, pilots: tuple[str, ...]) -> dict[str, float]:
    """Return `own_min`, `own_log`, `spill_log` (comparison lanes, pilot as run), `all_min`, `all_log`, and `all_own_min` (every lane, seen at the pilot's lanes)."""
    since = visits.filter((pl.col("day_off") >= start) & (pl.col("day_off") <= last)).drop_nulls([f"turnaround_{name}_min" for name in ("on", "off", "all")])
    is_pilot = pl.col("lane_code").is_in(pilots)
    own, spill, port = (since.filter(part).select(pl.col(f"turnaround_{name}_min").mean() for name in ("on", "off", "all")).row(0) for part in (is_pilot, ~is_pilot, pl.lit(True)))
    return {
        "own_min": own[0] - own[1], "own_log": float(np.log(own[0] / own[1])), "spill_log": float(np.log(spill[0] / spill[1])), "all_min": port[2] - port[1],
        "all_log": float(np.log(port[2] / port[1])), "all_own_min": own[2] - own[1], "off_min": own[1],
    }  # fmt: skip


def before_after(visits: pl.DataFrame, name: str, start: dt.date, last: dt.date, pilots: tuple[str, ...]) -> bool:
    """Say whether a plain two-sample test of the pilot lanes' visits before and since the start would cry effect. Kept to show that it fails."""
    of_pilot = visits.filter(pl.col("lane_code").is_in(pilots) & (pl.col(f"day_{name}") <= last)).drop_nulls(f"turnaround_{name}_min")
    sides = of_pilot.group_by(since=pl.col(f"day_{name}") >= start).agg(mean=pl.col(f"turnaround_{name}_min").mean(), var=pl.col(f"turnaround_{name}_min").var(), n=pl.len()).sort("since")
    means, spread = sides["mean"].to_numpy(), (sides["var"] / sides["n"]).sum()
    return bool(t_two_sided((means[1] - means[0]) / np.sqrt(spread), 1e6) < ALPHA)


def judge(visits: pl.DataFrame, start: dt.date, last: dt.date, pilots: tuple[str, ...]) -> list[dict]:
    """Return what is said of the port with the pilot and without it (`is_planted`), each beside the truth. The verdict is that of one announced end, the least strict day."""
    known, made = truth(visits, start, last, pilots), []
    plan = Plan("turnaround_min", unit_kind="lane", end_day=(last - start).days + 1, shared_points=SHARED)
    for name in ("on", "off"):
        panel = panel_of(visits, name, start, last, pilots)
        effect = assess(panel, plan)
        said = {"verdict": effect.verdict.code, "looks_verdict": assess(panel, replace(plan, end_day=None)).verdict.code, "before_after": before_after(visits, name, start, last, pilots)}
        ranges = {f"{what}_{end}": getattr(each, end) for what, each in (("gap", effect.gap), ("change", effect.change), ("bounds", effect.bounds)) for end in ("low", "best", "high")} if effect.has_number else {}
        made.append({"is_planted": name == "on", **said, **ranges, **(known if name == "on" else dict.fromkeys(known, 0.0))})
    return made


def daily_means(switched: pl.DataFrame) -> pl.DataFrame:
    """Return the mean turnaround of each day of entry, from the visits of sample_data.simulator.worlds.switched."""
    closed = switched.drop_nulls()
    return closed.group_by(day="day_switched").agg(minutes=pl.col("turnaround_switched_min").mean(), visits_n=pl.len()).sort("day")


def judge_switchback(daily: pl.DataFrame, days: tuple[Day, ...], block_days: int) -> dict[str, float]:
    """Return what alternating blocks of the whole port say of the effect on every lane, in logs."""
    minutes = dict(daily.select("day", "minutes").iter_rows())
    found = paired(np.log([minutes.get(each.day, np.nan) for each in days]), days)
    return {f"switched_{block_days}_best": float(found.b), f"switched_{block_days}_half": float(found.half())}


def switchback_false(visits: pl.DataFrame, start: dt.date, block_days: int, days_n: int, seed: int, draws: int = 20) -> float:
    """Return the share of drawn calendars by which the port without the pilot seems to change: nothing is switched, so that every one is a false call."""
    daily = visits.drop_nulls("turnaround_off_min").filter(pl.col("day_off") >= start).group_by("day_off").agg(pl.col("turnaround_off_min").mean())
    minutes, called = dict(daily.iter_rows()), 0
    for draw in range(draws):
        days = calendar(f"seed {seed}, draw {draw}", start, block_days, pairs_in(days_n, block_days))
        found = paired(np.log([minutes.get(each.day, np.nan) for each in days]), days)
        called += abs(float(found.b)) > float(found.half())
    return called / draws


def port_figures(rows: pl.DataFrame, is_light: bool) -> list[Figure]:
    """Return what was asked of many ports of one world, measured. `rows` is of `judge`; runs without a number count as misses of the truth."""
    planted, none = rows.filter("is_planted"), rows.filter(~pl.col("is_planted"))
    runs, code = planted.height, "light" if is_light else "tight"
    percent = 100 * (pl.col("gap_best").exp() - pl.col("own_log").exp())

    def share(part: pl.DataFrame, condition: pl.Expr) -> float:
        return round(100 * float(part.select(condition.fill_null(False).mean()).item()), 2)

    def mean(expression: pl.Expr) -> float:
        return float(planted.select(expression.mean()).item())

    own_inside = pl.col("own_min").is_between(pl.col("change_low"), pl.col("change_high"))
    claimed, judged = (pl.col("gap_low") > 0) | (pl.col("gap_high") < 0), pl.col("verdict").is_in(VERDICTS_OF_EFFECT)
    asked = 93.0 if is_light else None
    return [
        Figure(f"{code}.own", "own effect (pilot lanes, pilot as run), mean", mean(100 * (pl.col("own_log").exp() - 1)), None, None, runs),
        Figure(f"{code}.spill", "change at the comparison lanes that comes with it, mean", mean(100 * (pl.col("spill_log").exp() - 1)), None, None, runs),
        Figure(f"{code}.all", "effect on every lane, mean", mean(100 * (pl.col("all_log").exp() - 1)), None, None, runs),
        Figure(f"{code}.coverage", "the own effect lies in the interval", share(planted, own_inside), asked, None, runs),
        Figure(f"{code}.all_in_interval", "the effect on every lane lies in the interval", share(planted, pl.col("all_log").is_between(pl.col("gap_low"), pl.col("gap_high"))), None, None, runs),
        Figure(f"{code}.bias", "mean error of the estimate against the own effect", mean(percent), None, None, runs, "points of %"),
        Figure(f"{code}.bias_min", "the same in minutes", mean(pl.col("change_best") - pl.col("own_min")), None, None, runs, "min"),
        Figure(f"{code}.bounds", "the effect on every lane lies within the bounds", share(planted, pl.col("all_min").is_between(pl.col("bounds_low"), pl.col("bounds_high"))), 93.0, None, runs),
        Figure(f"{code}.bounds_own", "the own effect lies within the bounds", share(planted, pl.col("own_min").is_between(pl.col("bounds_low"), pl.col("bounds_high"))), 93.0, None, runs),
        Figure(f"{code}.all_min", "effect on every lane, mean", mean(pl.col("all_min")), None, None, runs, "min"),
        *(Figure(f"{code}.bounds_{end}", f"{end} end of the bounds, mean", mean(pl.col(f"bounds_{end}")), None, None, runs, "min") for end in ("low", "high")),
        Figure(f"{code}.false", "planted zero called an effect (interval)", share(none, claimed), None, 7.0, runs),
        Figure(f"{code}.false_verdict", "planted zero called moderate or strong", share(none, judged), None, 7.0, runs),
        Figure(f"{code}.false_looks", "planted zero called moderate or strong by the three looks", share(none, pl.col("looks_verdict").is_in(VERDICTS_OF_EFFECT)), None, 7.0, runs),
        Figure(f"{code}.before_after", "planted zero called an effect by plain before/after", share(none, pl.col("before_after")), None, None, runs),
        Figure(f"{code}.strong", "called strong, planted or not, although service points are shared", share(rows, (pl.col("verdict") == "strong") | (pl.col("looks_verdict") == "strong")), None, 0.0, 2 * runs),
        Figure(f"{code}.found", "planted effect found (interval)", share(planted, claimed), None, None, runs),
        *(Figure(f"{code}.{verdict}", f"planted effect called {said}", share(planted, pl.col("verdict") == verdict), None, None, runs) for verdict, said in (("moderate", "moderate"), ("weak", "weak"), ("none", "no detectable change"), ("not_yet", "not yet measurable"))),
        Figure(f"{code}.wrong_sign", "moderate or strong with the wrong sign", share(planted, judged & (pl.col("gap_best") > 0)), None, 0.2, runs),
        *(figure for block_days in BLOCKS if f"switched_{block_days}_best" in planted.columns for figure in _switchback_figures(planted, f"{code}.switched_{block_days}", f"the whole port by turns, blocks of {BLOCKS[block_days]}", block_days)),
    ]  # fmt: skip


def _switchback_figures(planted: pl.DataFrame, code: str, words: str, block_days: int) -> list[Figure]:
    best, half, truth = (planted[name].to_numpy() for name in (f"switched_{block_days}_best", f"switched_{block_days}_half", "all_log"))
    return [
        Figure(f"{code}.coverage", f"{words}: the effect on every lane lies in the interval", round(100 * float((np.abs(best - truth) <= half).mean()), 2), None, None, planted.height),
        Figure(f"{code}.false", f"{words}: effect claimed where nothing is switched (20 drawn calendars a port)", round(100 * float(planted[f"switched_{block_days}_false"].mean()), 2), None, None, 20 * planted.height),
        Figure(f"{code}.bias", f"{words}: mean error", float(100 * (np.exp(best) - np.exp(truth)).mean()), None, None, planted.height, "points of %"),
        Figure(f"{code}.half", f"{words}: margin on either side, mean", float(100 * np.expm1(half).mean()), None, None, planted.height),
    ]
