"""What each visit means to do before it meets anyone: when it comes, what it carries, where it goes, what goes wrong.

A day's plan is a function of seed and day alone. Waiting is not planned: see flow.py.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import polars as pl

from etl import clock
from sample_data.simulator import layout, port
from sample_data.simulator.draws import day_rng
from sample_data.simulator.names import Trucks
from sample_data.simulator.options import PILOT_LANES, Options
from sample_data.simulator.port import ENTRY, EXIT, OUT, PARK, PHYSICAL, PHYTO, SCAN, SERVICE, VERDICT, WEIGH_1, WEIGH_2, YARD_1, YARD_2

ZONE = "Africa/Casablanca"
IMPORT, EXPORT, DUAL = range(3)
DIRECTIONS = ("import", "export", "dual")
CARGO = ("dry", "reefer", "hazardous", "empty")
CHANNELS = ("conform", "documents", "physical")
TERMINAL_GATE_S = 45  # presented at the terminal gate to let in
LEGS = 12
_ROUTES = {
    IMPORT: (ENTRY, WEIGH_1, YARD_1, PARK, SCAN, VERDICT, PHYSICAL, PHYTO, WEIGH_2, EXIT, OUT),
    EXPORT: (ENTRY, WEIGH_1, SCAN, VERDICT, PHYSICAL, PHYTO, YARD_1, PARK, WEIGH_2, EXIT, OUT),
    DUAL: (ENTRY, YARD_1, WEIGH_1, YARD_2, PARK, SCAN, VERDICT, PHYSICAL, PHYTO, WEIGH_2, EXIT, OUT),
}


@dataclass(frozen=True)
class Plan:
    """One day of visits: `about` has one row a visit; the matrices are (visits, LEGS), seconds, -1 roles past the last stop.

    `*_on` holds with the pilot on, `*_off` with it off; they are the same object before the pilot's start.
    """

    day: dt.date
    first: int
    about: pl.DataFrame
    arrive: np.ndarray
    roles: np.ndarray
    pools: np.ndarray
    service_on: np.ndarray
    travel_on: np.ndarray
    hold_on: np.ndarray
    service_off: np.ndarray
    travel_off: np.ndarray
    hold_off: np.ndarray


def midnight_s(day: dt.date) -> int:
    """Return the UTC second at which a local day begins."""
    utc, _ = clock.to_utc(pl.Series([dt.datetime.combine(day, dt.time())], dtype=pl.Datetime("us")), ZONE)
    return int(utc.dt.epoch("s")[0])


def _shock(seed: int, day: dt.date, stream: int, size: int, sigma: float, memory: float) -> np.ndarray:
    """Log shocks of a day that fade over days: the tail of an AR(1), cut after 12 days so that a day needs no other day's state."""
    total = sum(memory**back * day_rng(seed, day.toordinal() - back, stream).standard_normal(size) for back in range(12))
    return np.exp(sigma * np.sqrt(1 - memory**2) * total)


def plan_day(options: Options, trucks: Trucks, servers: dict[int, port.Servers], day: dt.date, first: int, pilot_lanes: tuple[str, ...] = PILOT_LANES) -> Plan:
    """Return the plan of one local day; visits are numbered from `first` in order of arrival. Which lanes have the pilot changes no draw."""
    seed = options.seed
    rng = day_rng(seed, day.toordinal(), 2)
    busy = np.exp(rng.normal(-0.00125, 0.05))
    count = max(int(rng.poisson(options.trucks_per_day * port.volume(day) * busy)), 1)
    hour = rng.choice(24, size=count, p=port.hours(day))
    start = midnight_s(day)
    forced = _clock_change_arrivals(day, start)
    arrive = np.sort(np.concatenate([start + hour * 3600 + (rng.random(count) * 3600).astype(np.int64), forced]))
    count = len(arrive)

    once = rng.permutation(len(trucks))[: int(count * 0.88) + 1]
    truck = np.concatenate([once, rng.choice(once, size=max(count - len(once), 0))])[:count]
    truck = truck[rng.permutation(count)]
    lane = trucks.lane[truck]
    direction = rng.choice(3, size=count, p=[0.50, 0.38, 0.12])
    cargo = rng.choice(4, size=count, p=[0.70, 0.13, 0.04, 0.13])
    terminal = rng.choice(3, size=count, p=port.TERMINAL_SHARE)
    terminal_2 = np.where(rng.random(count) < 0.7, terminal, rng.choice(3, size=count, p=port.TERMINAL_SHARE))
    channel = rng.choice(3, size=count, p=[0.65, 0.28, 0.07])
    is_scanned = (rng.random(count) < 0.10) | ((channel == 2) & (rng.random(count) < 0.35))
    is_phyto = (rng.random(count) < np.where(cargo == 1, 0.12, 0.008))
    has_trouble = rng.random(count) < 0.05
    trouble_at_exit = rng.random(count) < 0.35
    trouble_s = np.minimum(3600 * np.exp(rng.normal(0.0, 0.9, count)), 14 * 3600)
    local_hour = (arrive - start) // 3600
    is_overnight = (local_hour >= 13) & (local_hour <= 21) & (rng.random(count) < 0.022)
    night_s = (12.6 + 4.5 * rng.random(count)) * 3600
    skips_weighing = rng.random(count) < 0.006
    result_draw, coverage_draw = rng.random((2, count)), rng.random(count)
    has_two = (direction == DUAL) | (rng.random(count) < 0.08)
    mass = rng.normal(0, 1, (3, count))

    roles = np.full((count, LEGS), -1)
    for which, route in _ROUTES.items():
        roles[np.ix_(direction == which, np.arange(len(route)))] = route
    drop = np.zeros((count, LEGS), dtype=bool)
    for role, keep in ((SCAN, is_scanned), (VERDICT, is_scanned), (PHYSICAL, channel == 2), (PHYTO, is_phyto), (PARK, is_overnight), (WEIGH_2, ~skips_weighing)):
        drop |= (roles == role) & ~keep[:, None]
    noise_service, noise_travel = rng.standard_normal((count, LEGS)), rng.standard_normal((count, LEGS))
    order = np.argsort(drop | (roles < 0), axis=1, kind="stable")
    roles = np.take_along_axis(np.where(drop, -1, roles), order, axis=1)
    noise_service = np.take_along_axis(noise_service, order, axis=1)
    noise_travel = np.take_along_axis(noise_travel, order, axis=1)

    yard, yard_2 = port.P_TCE + terminal, port.P_TCE + terminal_2
    pool_of = np.array([port.P_ENTRY, port.P_WEIGH, port.P_WEIGH, -1, -1, port.P_SCAN, port.P_VERDICT, port.P_PHYSICAL, port.P_PHYTO, port.P_EXIT, port.P_OUT, port.P_NONE])
    pools = pool_of[roles]
    pools = np.where(roles == YARD_1, yard[:, None], np.where(roles == YARD_2, yard_2[:, None], pools))

    shock = _shock(seed, day, 3, 1, 0.05, 0.5)[0] * (1.06 if port.is_ramadan(day) else 1.0)
    lane_shock = _shock(seed, day, 4, len(port.LANES), 0.03, 0.5)[lane] * shock
    base = np.array([SERVICE[pool][0] * servers[pool].stretch if pool in servers else 0.0 for pool in range(12)])
    spread = np.array([SERVICE[pool][1] if pool in servers else 0.0 for pool in range(12)])
    service = base[pools] * np.exp(spread[pools] * noise_service - spread[pools] ** 2 / 2)
    service *= np.where((roles == ENTRY), shock, lane_shock[:, None])
    service[roles == PARK] = 0
    night = np.where(roles == PARK, night_s[:, None], 0).astype(np.int64)
    meters = layout.distances(roles, terminal, terminal_2)
    travel = (meters / 2.9) * np.exp(0.2 * noise_travel - 0.02) * lane_shock[:, None]
    is_yard = (roles == YARD_1) | (roles == YARD_2)
    hold = np.where(is_yard, 90 * np.exp(0.4 * noise_travel), np.where(roles == ENTRY, 0, 4.0)) * lane_shock[:, None]
    last_yard = roles == np.where(direction == DUAL, YARD_2, YARD_1)[:, None]
    at_exit = trouble_at_exit & has_trouble
    hold += np.where(last_yard & (has_trouble & ~at_exit)[:, None], trouble_s[:, None], 0) + np.where((roles == EXIT) & at_exit[:, None], trouble_s[:, None], 0)
    hold[(roles == SCAN) | (roles == OUT)] = 0

    in_pilot = np.isin(lane, [port.LANES.index(name) for name in pilot_lanes]) & (day >= options.pilot_start)
    factor = np.where(in_pilot[:, None] & (roles != ENTRY), 1.0 - options.effect, 1.0)

    def seconds(values: np.ndarray, least: int = 0) -> np.ndarray:
        return np.where(roles >= 0, np.maximum(np.rint(values), least), 0).astype(np.int64)

    def legs(scale: np.ndarray | float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        held = np.where(roles == VERDICT, 0, 1)
        travelled = np.where(roles == VERDICT, 0, seconds(travel * scale, 20) + np.where(is_yard, TERMINAL_GATE_S, 0))
        return np.where(roles == PARK, night, seconds(service * scale, 5)), travelled, seconds(hold * scale) * held

    on = legs(factor)
    off = legs(1.0) if in_pilot.any() and options.effect else on
    about = pl.DataFrame(
        {
            "visit": np.arange(first, first + count), "truck": truck, "lane": lane, "arrive": arrive, "direction": direction, "cargo": cargo,
            "terminal": terminal, "terminal_2": np.where(direction == DUAL, terminal_2, -1), "channel": channel, "is_scanned": is_scanned, "is_physical": channel == 2,
            "is_phyto": is_phyto, "has_trouble": has_trouble, "trouble_at_exit": at_exit, "is_overnight_planned": is_overnight, "skips_weighing": skips_weighing,
            "is_hit": result_draw[0] < 0.08, "is_scan_hit": result_draw[1] < 0.03, "is_covered": coverage_draw < options.check_coverage, "has_two": has_two,
            "in_pilot": in_pilot, "tare_kg": np.clip(15_500 + 900 * mass[0], 12_000, 20_000).astype(np.int64),
            "cargo_kg": np.where(cargo == 3, 2_200 + 60 * mass[1], np.clip(17_500 + 6_500 * mass[1], 3_000, 29_500)).astype(np.int64),
        }
    )  # fmt: skip
    return Plan(day, first, about, arrive, roles, pools, *on, *off)


def _clock_change_arrivals(day: dt.date, start: int) -> np.ndarray:
    """Return a few arrivals in the hours around each clock change, so that even a small port has lines with doubtful local times."""
    changes = {dt.date(2026, 2, 15): 3, dt.date(2026, 3, 22): 2, dt.date(2026, 9, 20): 2}
    if day not in changes:
        return np.empty(0, dtype=np.int64)
    centre = start + changes[day] * 3600
    return centre + np.array([-4200, -3300, -2400, -1500, -600, 300, 1200, 2100])
