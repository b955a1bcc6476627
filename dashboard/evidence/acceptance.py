"""The figures that must hold, measured: simulated pilots whose truth is known, and fake pilots among units where nothing happened. Seeded; no opinion.

Every function returns Figures. tests/dashboard/evidence holds them against what was asked, and tests/benchmarks/bench_evidence.py prints them into
docs/pilot-evidence.md.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from dashboard.evidence.daily import Visits, pack, standardised
from dashboard.evidence.diagnostics import diagnose
from dashboard.evidence.effect import Plan, assess
from dashboard.evidence.estimate import (
    BLOCK_DAYS,
    Estimate,
    contrasts,
    estimate,
    holm,
    lengths_of,
    period_contrast,
    t_two_sided,
    unit_contrast,
)
from dashboard.evidence.panel import NEVER, Panel
from dashboard.evidence.shares import PERCENTS, change_over
from dashboard.evidence.verdict import LOOKS, Facts, judge
from dashboard.evidence.worlds import (
    NIGHT_FASTER,
    NIGHT_SHARES,
    RAMADAN_APART,
    RAMADAN_DAYS,
    RAMADAN_FROM,
    RAMADAN_LONGER,
    TROUBLE_FACTOR,
    TROUBLE_SHARE,
    VISIT_SPREAD,
    World,
    carried,
    cells,
    simulate,
    visits,
)

SHARE_LIMITS = (60, 120)
CHUNK = 50  # runs held in memory at a time


@dataclass(frozen=True)
class Figure:
    """One measured figure and what was asked of it; `low`/`high` are the limits asked, None where there is none."""

    code: str
    words: str
    value: float
    low: float | None
    high: float | None
    runs: int
    unit: str = "%"

    @property
    def holds(self) -> bool:
        return (self.low is None or self.value >= self.low) and (self.high is None or self.value <= self.high)


def base(units: int = 4) -> World:
    return World(pilots=units // 2, comparisons=units // 2)


def estimate_world(world: World, y: np.ndarray) -> Estimate:
    return estimate(y, unit_contrast(world.treated), period_contrast(world.since))


def panel_figures(code: str, words: str, world: World, runs: int, seed: int, *, coverage: tuple[float, float | None], power: float | None = None) -> list[Figure]:
    """Coverage, false effect and power of the cautious interval on daily panels."""
    found, none = (estimate_world(each, simulate(each, runs, seed + shift)) for shift, each in enumerate((world, replace(world, effect=0.0))))
    error = np.abs(found.b - world.b)
    made = [Figure(f"{code}.coverage", f"{words}: truth in the interval", _share(error <= found.half()), coverage[0], coverage[1], runs)]
    made.append(Figure(f"{code}.false", f"{words}: effect claimed where there is none", _share(np.abs(none.b) > none.half()), None, 100 - coverage[0], runs))
    return made if power is None else [*made, Figure(f"{code}.power", f"{words}: −12 % found", _share(np.abs(found.b) > found.half()), power, None, runs)]


def visit_figures(code: str, words: str, world: World, runs: int, seed: int, power: float, each_day: int = 50) -> list[Figure]:
    """The same from single visits: mean, median, P90 and the shares over 60 and 120 minutes, each by the definition used on real visits."""
    made = []
    for effect in (world.effect, 0.0):
        is_null = effect == 0.0
        made += _from_visits(code, words, replace(world, effect=effect), runs, seed + is_null, power, each_day, is_null)
    return made


def _from_visits(code: str, words: str, world: World, runs: int, seed: int, power: float, each_day: int, is_null: bool) -> list[Figure]:
    names = ("mean", "median", "P90")
    cover, found, error = ({name: [] for name in (*names, *SHARE_LIMITS)} for _ in range(3))
    raw = []
    for y, drawn in _chunks(world, runs, seed, each_day):
        rank = np.ceil(PERCENTS / 100 * each_day - 1e-9).astype(int) - 1
        treated, since = world.treated, world.since
        after = drawn[:, treated][:, :, since]
        daily = {"mean": drawn.mean(axis=-1, dtype=np.float64), "median": drawn[..., each_day // 2 - 1].astype(float), "P90": drawn[..., int(0.9 * each_day) - 1].astype(float)}
        for name, values in daily.items():
            each = estimate_world(world, np.log(values))
            half, level = each.half(), values[:, treated][:, :, since].mean(axis=(1, 2))
            cover[name].append(np.abs(each.b - world.b) <= half)
            found[name].append(np.abs(each.b) > half)
            error[name].append(level * (1 - np.exp(-each.b)) - level * (1 - np.exp(-world.b)))
        curve = [estimate_world(world, np.log(drawn[..., at].astype(float))) for at in rank]
        b, half = np.array([each.b for each in curve]), np.array([each.half() for each in curve])
        pooled = np.quantile(after.reshape(len(y), -1), PERCENTS / 100, axis=1)
        for limit in SHARE_LIMITS:
            truth = 100 * ((after > limit).mean(axis=(1, 2, 3)) - (after * np.exp(-world.b) > limit).mean(axis=(1, 2, 3)))
            given = [change_over(limit, pooled[:, run], b[:, run], half[:, run]) for run in range(len(y))]
            low, best, high = np.array([(each.low, each.best, each.high) for each in given]).T
            cover[limit].append((low <= truth) & (truth <= high))
            found[limit].append((low > 0) | (high < 0))
            error[limit].append(best - truth)
        raw.append(_before_after(drawn[:, treated], since))
    joined = {kind: {name: np.concatenate([np.atleast_1d(part) for part in parts]) for name, parts in each.items()} for kind, each in (("cover", cover), ("found", found), ("error", error))}
    made = []
    for name in (*names, *SHARE_LIMITS):
        said = name if name in names else f"share over {name} min"
        if is_null:
            made.append(Figure(f"{code}.{name}.false", f"{words}: {said}, effect claimed where there is none", _share(joined["found"][name]), None, 5, runs))
        else:
            made.append(Figure(f"{code}.{name}.coverage", f"{words}: {said}, truth in the interval", _share(joined["cover"][name]), 95, 98.5, runs))
            most = {"P90": 0.6}.get(name, 0.3) if name in names else 0.1
            made.append(Figure(f"{code}.{name}.bias", f"{words}: {said}, mean error", float(joined["error"][name].mean()), -most, most, runs, "min" if name in names else "points"))
            if name == "mean":
                made.append(Figure(f"{code}.{name}.power", f"{words}: {said}, −12 % found", _share(joined["found"][name]), power, None, runs))
    if is_null:
        made.append(Figure(f"{code}.before_after", f"{words}: plain before/after, effect claimed where there is none", _share(np.concatenate(raw)), 50, None, runs))
    return made


def _chunks(world: World, runs: int, seed: int, each_day: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for chunk, first in enumerate(range(0, runs, CHUNK)):
        y = simulate(world, min(CHUNK, runs - first), seed * 1000 + chunk)
        yield y, visits(y, np.random.default_rng([seed, chunk, 1]), each_day)


def _before_after(drawn: np.ndarray, since: np.ndarray) -> np.ndarray:
    """What a naive analyst does: a two-sample test of the pilot's visits before and after. Kept to show that it fails."""
    sides = [drawn[:, :, side].reshape(len(drawn), -1).astype(np.float64) for side in (~since, since)]
    means, spread = [side.mean(axis=1) for side in sides], sum(side.var(axis=1, ddof=1) / side.shape[1] for side in sides)
    return t_two_sided((means[1] - means[0]) / np.sqrt(spread), 1e6) < 0.05


# ---------------------------------------------------------------------- the verdict
def verdicts(world: World, y: np.ndarray, alpha: float = 0.05) -> np.ndarray:
    """Return the verdict code of each run, by the rule itself."""
    c, p, units = unit_contrast(world.treated), period_contrast(world.since), tuple(map(str, range(len(world.treated))))
    facts = Facts(len(units), True, world.before, world.after)
    made = []
    for run in y:
        found = estimate(run, c, p)
        made.append(judge(found, diagnose(run, c, p, np.ones(len(units)), units, found, BLOCK_DAYS), facts, alpha).code)
    return np.array(made)


def verdict_figures(runs: int, seed: int) -> list[Figure]:
    """False strong and strong+moderate where nothing happened; wrong signs and finds where −12 % was planted."""
    null = replace(base(), effect=0.0)
    worlds = (
        ("verdict.base", "no pilot effect", null, 2.0, 5.0), ("verdict.slow", "slow shocks", replace(null, slow=0.04), 6.0, None),
        ("verdict.shift", "unrelated shift on the day of the start", replace(null, shock=0.02), 6.0, None),
        ("verdict.trend", "trend of 3 % per 100 days, 180 days before", replace(null, before=180, drift_per_100_days=0.03), 10.0, None),
    )  # fmt: skip
    made = []
    for shift, (code, words, world, strong, either) in enumerate(worlds):
        given = verdicts(world, simulate(world, runs, seed + shift))
        made.append(Figure(f"{code}.strong", f"{words}: strong", _share(given == "strong"), None, strong, runs))
        if either is not None:
            made.append(Figure(f"{code}.either", f"{words}: strong or moderate", _share(np.isin(given, ("strong", "moderate"))), None, either, runs))
    y = simulate(base(), runs, seed + 9)
    given, gap = verdicts(base(), y), estimate_world(base(), y).b
    made.append(Figure("verdict.wrong_sign", "−12 % planted: strong or moderate with the wrong sign", _share(np.isin(given, ("strong", "moderate")) & (gap > 0)), None, 0.2, runs))
    made.append(Figure("verdict.found", "−12 % planted: strong or moderate", _share(np.isin(given, ("strong", "moderate"))), None, None, runs))
    return made


def starts_figures(runs: int, seed: int, apart: int = 40) -> list[Figure]:
    """Two pairs of units that start `apart` days from each other, two never: interval and verdict as the page gives them at one announced end."""
    made = []
    for effect in (-0.12, 0.0):
        world = World(pilots=4, comparisons=2, effect=effect)
        later = np.arange(6) // 2 == 1
        days = tuple(dt.date(2026, 1, 5) + dt.timedelta(days=each) for each in range(world.before + world.after))
        starts = np.where(world.treated, world.before + apart * later, NEVER)
        inside, claimed, words = [], [], []
        for run in range(runs):
            y = simulate(world, 1, seed * 10_000 + run)[0]
            y[later, world.before : world.before + apart] -= world.b
            effect_said = assess(Panel(tuple("ABCDEF"), days, np.exp(y), np.ones(y.shape), starts, True), Plan(end_day=world.after))
            gap, half = float(effect_said.found.b), float(effect_said.found.half())
            inside.append(abs(gap - world.b) <= half)
            claimed.append(abs(gap) > half)
            words.append(effect_said.verdict.code)
        judged = np.isin(words, ("strong", "moderate"))
        if effect:
            made.append(Figure("starts.coverage", f"two starts {apart} days apart: truth in the interval", _share(np.array(inside)), 95, None, runs))
            made.append(Figure("starts.found", "the same: −12 % called strong or moderate", _share(judged), None, None, runs))
        else:
            made.append(Figure("starts.false", "the same: effect claimed where there is none", _share(np.array(claimed)), None, 5, runs))
            made.append(Figure("starts.strong", "the same: strong where there is no effect", _share(np.array(words) == "strong"), None, 2, runs))
            made.append(Figure("starts.either", "the same: strong or moderate where there is none", _share(judged), None, 5, runs))
    return made


def look_figures(runs: int, seed: int) -> list[Figure]:
    """The three looks together, and eight subgroups with Holm, where nothing happened."""
    world = replace(base(), effect=0.0, after=LOOKS[-1][0])
    y, alarm = simulate(world, runs, seed), np.zeros(runs, bool)
    for days, alpha in LOOKS:
        part = replace(world, after=days)
        found = estimate_world(part, y[..., : world.before + days])
        alarm |= np.abs(found.b) > found.half(alpha, cautious=False)
    null = replace(base(), effect=0.0)
    shared = simulate(null, runs, seed + 1)
    rng = np.random.default_rng(seed + 2)
    tails = np.stack([estimate_world(null, shared + carried(rng, shared.shape, null.rho, null.noise)).p() for _ in range(8)], axis=-1)
    return [
        Figure("looks", "three looks: any of them cries effect where there is none (standard interval)", _share(alarm), None, 6.5, runs),
        Figure("holm", "eight subgroups with Holm: any stands out where there is no effect", _share(holm(tails).any(axis=-1)), None, 5.0, runs),
    ]


def mix_figures(runs: int, seed: int, shift: float = 0.08, each_day: int = 30) -> list[Figure]:
    """A pilot that also draws `shift` less slow cargo to its gates: the like-for-like estimate against the plain one, from single visits."""
    world, rng = base(), np.random.default_rng(seed)
    unit, day = cells(world, each_day)
    slow_share = 0.30 - shift * (world.treated[unit] & (day >= world.before))
    errors, inside, plain = [], [], []
    for run in range(runs):
        slow = rng.random(unit.size) < slow_share
        value = simulate(world, 1, seed * 10_000 + run)[0][unit, day] + VISIT_SPREAD * rng.standard_normal(unit.size) + 0.5 * slow
        found, raw = _like_for_like(world, unit, day, np.exp(value), slow.astype(int)), _like_for_like(world, unit, day, np.exp(value), np.zeros(unit.size, int))
        errors.append(100 * (np.expm1(float(found.b)) - world.effect))
        inside.append(abs(float(found.b) - world.b) <= float(found.half()))
        plain.append(100 * (np.expm1(float(raw.b)) - world.effect))
    return [
        Figure("mix.bias", "slow cargo falls 8 points at the pilot gates: like for like, mean error", float(np.mean(errors)), -0.5, 0.5, runs, "points of %"),
        Figure("mix.coverage", "the same: truth in the interval", _share(np.array(inside)), 94, None, runs),
        Figure("mix.plain", "the same without standardising: mean error", float(np.mean(plain)), None, None, runs, "points of %"),
    ]


def ramadan_figures(runs: int, seed: int, each_day: int = 30) -> list[Figure]:
    """A Ramadan before the start that is not the same at both arms: times and hours of all gates change, and pilot gates lose more time than the others."""
    world, rng, made = base(), np.random.default_rng(seed), []
    unit, day = cells(world, each_day)
    fasting = (day >= RAMADAN_FROM) & (day < RAMADAN_FROM + RAMADAN_DAYS)
    longer = fasting * (RAMADAN_LONGER + RAMADAN_APART * world.treated[unit])
    for effect in (world.effect, 0.0):
        each, errors, inside, found_n = replace(world, effect=effect), [], [], 0
        for run in range(runs):
            night = rng.random(unit.size) < np.where(fasting, NIGHT_SHARES[1], NIGHT_SHARES[0])
            value = simulate(each, 1, seed * 10_000 + run)[0][unit, day] + longer + NIGHT_FASTER * night + VISIT_SPREAD * rng.standard_normal(unit.size)
            found = _like_for_like(each, unit, day, np.exp(value), night.astype(int))
            errors.append(100 * (np.expm1(float(found.b)) - effect))
            inside.append(abs(float(found.b) - each.b) <= float(found.half()))
            found_n += abs(float(found.b)) > float(found.half())
        if effect:
            made.append(Figure("ramadan.coverage", "Ramadan costs pilot gates 4 points more: truth in the interval", _share(np.array(inside)), 94, None, runs))
            made.append(Figure("ramadan.bias", "the same: mean error", float(np.mean(errors)), None, None, runs, "points of %"))
        else:
            made.append(Figure("ramadan.false", "the same: effect claimed where there is none", round(100 * found_n / runs, 2), None, 6.0, runs))
    return made


def weekly_figures(runs: int, seed: int, each_day: float = 3.0) -> list[Figure]:
    """Gates of so few visits that a day says little: the estimate from weeks, by the definition used on real visits."""
    world, rng, names = base(), np.random.default_rng(seed), {"mean": "mean", "p50": "median", "p90": "P90"}
    units, days, made = len(world.treated), world.before + world.after, []
    for effect in (world.effect, 0.0):
        each = replace(world, effect=effect)
        outside: dict[str, list[bool]] = {name: [] for name in names}
        for run in range(runs):
            place = np.repeat(np.arange(units * days), rng.poisson(each_day, units * days))
            trouble = np.log(TROUBLE_FACTOR) * (rng.random(place.size) < TROUBLE_SHARE)
            value = np.exp(simulate(each, 1, seed * 10_000 + run)[0].ravel()[place] + VISIT_SPREAD * rng.standard_normal(place.size) + trouble)
            weeks = _visits(each, place, value, np.zeros(place.size, int)).by_week()
            for name, kept in outside.items():
                panel, _ = weeks.panel(name).complete()
                found = estimate(np.log(panel.outcome), *contrasts(panel), lengths_of(panel))
                kept.append(abs(float(found.b) - each.b) > float(found.half()))
        for name, kept in outside.items():
            if effect:
                made.append(Figure(f"weekly.{name}.coverage", f"{each_day:g} visits a gate and day, by week: {names[name]}, truth in the interval", 100 - _share(np.array(kept)), 95, None, runs))
            else:
                made.append(Figure(f"weekly.{name}.false", f"the same: {names[name]}, effect claimed where there is none", _share(np.array(kept)), None, 5, runs))
    return made


def _visits(world: World, place: np.ndarray, minutes: np.ndarray, mix: np.ndarray) -> Visits:
    """Return single visits at unit * days + day as real ones are held, with their like-for-like weights."""
    days, units = world.before + world.after, len(world.treated)
    return standardised(pack(place, minutes, mix), tuple(map(str, range(units))), tuple(range(days)), np.full(units, world.before), world.treated, np.zeros((2, 2), int))


def _like_for_like(world: World, unit: np.ndarray, day: np.ndarray, minutes: np.ndarray, mix: np.ndarray) -> Estimate:
    """Return the estimate of the daily mean by the definition used on real visits."""
    panel = _visits(world, unit * (world.before + world.after) + day, minutes, mix).panel("mean")
    return estimate(np.log(panel.outcome), *contrasts(panel))


# ---------------------------------------------------------------------- fake pilots among real units
def read_flights(path: Path, units: int = 60) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return (statistic -> airports x days, (n, sum, sum of squares) x airports x days) of the busiest airports: 60 minutes plus the delay of each flight.

    An hour is added because a ratio needs outcomes above 0 and flights leave early too; the few more than an hour early are left out, and so is a
    last day with hardly any flight.
    """
    flights = pl.scan_parquet(path).select(pl.col("origin"), pl.col("date").dt.date().alias("day"), (pl.col("delay") + 60).cast(pl.Float64).alias("minutes"))
    minutes = pl.col("minutes")
    cells = flights.filter(minutes > 0).group_by("origin", "day").agg(
        pl.len().alias("n"), minutes.sum().alias("sum"), (minutes**2).sum().alias("squares"), minutes.mean().alias("mean"), minutes.median().alias("median"), minutes.quantile(0.9).alias("P90"),
    ).collect()  # fmt: skip
    daily = cells.group_by("day").agg(pl.col("n").sum())
    cells = cells.join(daily.filter(pl.col("n") > 0.5 * pl.col("n").median()).select("day"), on="day")
    busiest = cells.group_by("origin").agg(pl.col("n").sum()).sort("n", "origin", descending=True).head(units).select("origin")
    cells = cells.join(busiest, on="origin").sort("origin", "day")
    days = cells["day"].n_unique()
    whole = cells.filter(pl.len().over("origin") == days)
    made = {name: whole[name].to_numpy().astype(float).reshape(-1, days) for name in ("n", "sum", "squares", "mean", "median", "P90")}
    return {name: made[name] for name in ("mean", "median", "P90")}, np.stack([made["n"], made["sum"], made["squares"]])


def fakes(daily: np.ndarray, starts: np.ndarray, seed: int, units: int = 4, before: int = 90, after: int = 60) -> Iterator[tuple[World, np.ndarray, np.ndarray, int]]:
    """Yield (world, units chosen, log outcomes, start) of fake pilots: half of `units` units drawn among the rows of daily outcomes."""
    rng = np.random.default_rng(seed)
    for start in starts:
        chosen = rng.permutation(daily.shape[0])[:units]
        yield World(pilots=units // 2, comparisons=units - units // 2, before=before, after=after), chosen, np.log(daily[chosen, start - before : start + after]), int(start)


def placebo_figures(daily: dict[str, np.ndarray], moments: np.ndarray, runs: int, seed: int, before: int = 90, after: int = 60) -> list[Figure]:
    """False effects and false verdicts of fake pilots. `daily` holds units x days by statistic, `moments` (3, units, days): n, sum, sum of squares."""
    days = next(iter(daily.values())).shape[1]
    starts = np.random.default_rng(seed).integers(before, days - after + 1, runs)
    made = []
    for name, values in daily.items():
        alarms, words, naive = [], [], []
        for world, chosen, y, start in fakes(values, starts, seed + 1, before=before, after=after):
            found = estimate_world(world, y)
            alarms.append(abs(float(found.b)) > float(found.half()))
            words.append(verdicts(world, y[None])[0])
            if name == "mean":
                naive.append(_naive(moments[:, chosen[: world.pilots]], start, before, after))
        most = 10.0 if name == "median" else 7.0
        made.append(Figure(f"placebo.{name}.false", f"fake pilots among real airports: {name}, effect claimed", _share(np.array(alarms)), None, most, runs))
        made.append(Figure(f"placebo.{name}.strong", f"fake pilots among real airports: {name}, strong", _share(np.array(words) == "strong"), None, 3.0, runs))
        if naive:
            made.append(Figure("placebo.before_after", "fake pilots among real airports: plain before/after cries effect", _share(np.array(naive)), 80, None, runs))
    return made


def _naive(moments: np.ndarray, start: int, before: int, after: int) -> bool:
    sides = [moments[:, :, days].sum(axis=(1, 2)) for days in (slice(start - before, start), slice(start, start + after))]
    means = [total / n for n, total, _ in sides]
    spread = sum((squares / n - (total / n) ** 2) / n for n, total, squares in sides)
    return bool(t_two_sided((means[1] - means[0]) / np.sqrt(spread), 1e6) < 0.05)


def _share(flags: np.ndarray) -> float:
    return round(100 * float(np.mean(flags)), 2)
