"""Simulated pilots as panels, many at once and seeded: where the truth is known, an interval can be held against it. Nothing here is measured.

A world gives log outcomes y of (runs, units, days): unit levels, a common day-to-day wave and weekly pattern, and each unit's own noise that carries
over from day to day (rho). The effect is planted in the pilot units from the start on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

VISIT_SPREAD, TROUBLE_SHARE, TROUBLE_FACTOR = 0.45, 0.05, 3.0  # sd of one visit's log; about 5 % of visits make the tail

# A Ramadan as the sample port has it (30 days, 6 % longer, entries moved to the night, which is faster), and what it costs the pilot units beyond the others.
RAMADAN_FROM, RAMADAN_DAYS, RAMADAN_LONGER, RAMADAN_APART = 40, 30, 0.06, 0.04
NIGHT_SHARES, NIGHT_FASTER = (0.10, 0.30), -0.20


@dataclass(frozen=True)
class World:
    """One kind of pilot. `noise` is the standard deviation of one unit's log daily figure around what all units share."""

    pilots: int = 2
    comparisons: int = 2
    before: int = 120
    after: int = 120
    rho: float = 0.5
    noise: float = 0.10
    effect: float = -0.12
    drift_per_100_days: float = 0.0  # a steady change of the pilot units only, in log points
    shock: float = 0.0  # sd of an unrelated change of each unit on the day of the start
    slow: float = 0.0  # sd of a second, slow noise (rho .98)

    @property
    def treated(self) -> np.ndarray:
        return np.arange(self.pilots + self.comparisons) < self.pilots

    @property
    def since(self) -> np.ndarray:
        return np.arange(self.before + self.after) >= self.before

    @property
    def b(self) -> float:
        """The planted change, in logs."""
        return float(np.log1p(self.effect))


def carried(rng: np.random.Generator, shape: tuple[int, ...], rho: float, sd: float) -> np.ndarray:
    """Return AR(1) noise along the last axis, stationary from the first day, with standard deviation sd."""
    drawn = rng.standard_normal(shape) * sd
    drawn[..., 1:] *= np.sqrt(1 - rho**2)
    for day in range(1, shape[-1]):
        drawn[..., day] += rho * drawn[..., day - 1]
    return drawn


def simulate(world: World, runs: int, seed: int) -> np.ndarray:
    """Return log outcomes, (runs, units, days)."""
    rng = np.random.default_rng(seed)
    units, days = world.pilots + world.comparisons, world.before + world.after
    week = 0.1 * np.sin(2 * np.pi * np.arange(days) / 7)
    y = np.log(80.0) + 0.2 * rng.standard_normal((runs, units, 1)) + carried(rng, (runs, 1, days), 0.7, 0.12) + week
    y = y + carried(rng, (runs, units, days), world.rho, world.noise)
    if world.slow:
        y = y + carried(rng, (runs, units, days), 0.98, world.slow)
    if world.shock:
        y = y + world.shock * rng.standard_normal((runs, units, 1)) * world.since
    treated = world.treated[:, None]
    return y + treated * (world.b * world.since + world.drift_per_100_days * np.arange(days) / 100)


def visits(y: np.ndarray, rng: np.random.Generator, each_day: int = 50) -> np.ndarray:
    """Return minutes of single visits, (..., units, days, each_day), sorted within the day, around log levels y."""
    spread = rng.standard_normal((*y.shape, each_day), dtype=np.float32) * VISIT_SPREAD
    spread += np.where(rng.random((*y.shape, each_day), dtype=np.float32) < TROUBLE_SHARE, np.float32(np.log(TROUBLE_FACTOR)), np.float32(0))
    spread += y[..., None].astype(np.float32)
    spread.sort(axis=-1)
    return np.exp(spread)


def cells(world: World, each_day: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (unit, day) of single visits, each_day to a unit and day."""
    units, days = len(world.treated), world.before + world.after
    place = np.repeat(np.arange(units * days), each_day)
    return place // days, place % days
