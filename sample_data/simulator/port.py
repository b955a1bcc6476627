"""The invented port: its service points, their servers and how fast they are, and the hours they are shut. No draws of visits here."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from sample_data.simulator.draws import day_rng
from sample_data.simulator.options import Options

# Roles: what a truck does at a stop. Pools: who serves it. Both weighings share one pool; each terminal has its own yard pool.
ROLES = ("entry", "weigh_1", "weigh_2", "terminal_1", "terminal_2", "scan", "verdict", "physical", "phyto", "exit", "out", "park")
ENTRY, WEIGH_1, WEIGH_2, YARD_1, YARD_2, SCAN, VERDICT, PHYSICAL, PHYTO, EXIT, OUT, PARK = range(12)
POOLS = ("entry", "weighbridge", "yard_TCE", "yard_TC3", "yard_SOM", "scanner", "verdict_desk", "inspection", "phyto", "exit_desk", "exit_lane", "none")
(P_ENTRY, P_WEIGH, P_TCE, P_TC3, P_SOM, P_SCAN, P_VERDICT, P_PHYSICAL, P_PHYTO, P_EXIT, P_OUT, P_NONE) = range(12)
TERMINALS = ("TCE", "TC3", "SOM")
TERMINAL_SHARE = (0.45, 0.30, 0.25)
LANES = ("6A", "6B", "6C", "6D", "6E", "6F")
EXIT_LANES = ("6X", "6Y", "6Z")

# Seconds of one service, its log-normal spread, times a visit needs it, least servers, most servers, greatest stretch of the service when servers are few.
SERVICE = {
    P_ENTRY: (70, 0.35, 1.0, 2, 6, 3.2),
    P_WEIGH: (40, 0.25, 2.0, 1, 8, 2.6),
    P_TCE: (1440, 0.45, 0.49, 3, 999, 1.25),
    P_TC3: (1440, 0.45, 0.33, 2, 999, 1.25),
    P_SOM: (1440, 0.45, 0.28, 2, 999, 1.25),
    P_SCAN: (200, 0.20, 0.12, 1, 3, 1.8),
    P_VERDICT: (420, 0.50, 0.12, 1, 9, 1.4),
    P_PHYSICAL: (2700, 0.45, 0.07, 2, 99, 1.2),
    P_PHYTO: (1500, 0.40, 0.025, 1, 99, 1.2),
    P_EXIT: (60, 0.50, 1.0, 1, 20, 2.6),
    P_OUT: (35, 0.30, 1.0, 1, 6, 1.6),
}
# Load of each pool in the busiest hour of an ordinary working day (offered load over servers).
LOAD = {
    "light": {P_ENTRY: 0.88, P_WEIGH: 0.65, P_TCE: 0.68, P_TC3: 0.68, P_SOM: 0.68, P_SCAN: 0.50, P_VERDICT: 0.50, P_PHYSICAL: 0.55, P_PHYTO: 0.50, P_EXIT: 0.55, P_OUT: 0.45},
    "tight": {P_ENTRY: 1.06, P_WEIGH: 1.03, P_TCE: 1.04, P_TC3: 1.04, P_SOM: 1.04, P_SCAN: 0.85, P_VERDICT: 0.90, P_PHYSICAL: 0.90, P_PHYTO: 0.75, P_EXIT: 1.02, P_OUT: 0.70},
}  # fmt: skip
# Share of a day's arrivals in each local hour: peak 9 to 13 h, busy afternoon, little after 20 h (domain.md section 3).
HOURS = np.array([0.6, 0.4, 0.3, 0.3, 0.5, 1.2, 2.8, 5.0, 7.2, 8.8, 9.2, 9.0, 8.5, 7.6, 7.0, 6.8, 6.2, 5.4, 4.2, 3.0, 1.8, 1.2, 0.9, 0.7])
RAMADAN_HOURS = np.array([1.6, 1.2, 0.6, 0.4, 0.4, 0.6, 1.4, 3.2, 6.4, 9.0, 10.4, 10.6, 10.2, 9.4, 8.2, 6.2, 3.4, 1.2, 0.8, 1.6, 3.0, 3.6, 3.2, 2.4])
WEEKDAYS = np.array([1.14, 1.16, 1.14, 1.13, 1.03, 0.90, 0.50])
RAMADAN = (dt.date(2026, 2, 15), dt.date(2026, 3, 22))
HOLIDAYS = frozenset(
    dt.date(2026, month, day)
    for month, day in ((1, 11), (1, 14), (3, 20), (3, 21), (5, 1), (5, 27), (5, 28), (7, 30), (8, 14), (8, 20), (8, 21))
)  # fmt: skip
DAY_SHIFT = (5 * 3600 + 1800, 21 * 3600 + 1800)  # seconds of the UTC day in which the second half of the servers works
SHIFT_POOLS = frozenset({P_WEIGH, P_VERDICT, P_EXIT})
INCIDENT_ON, OUTAGE_ON = dt.date(2026, 5, 12), dt.date(2026, 6, 17)


def is_ramadan(day: dt.date) -> bool:
    return RAMADAN[0] <= day < RAMADAN[1]


def hours(day: dt.date) -> np.ndarray:
    profile = RAMADAN_HOURS if is_ramadan(day) else HOURS
    return profile / profile.sum()


def volume(day: dt.date) -> float:
    """Expected arrivals of a day over the mean day."""
    factor = WEEKDAYS[day.weekday()] / WEEKDAYS.mean()
    return factor * (0.45 if day in HOLIDAYS else 1.0) * (0.87 if is_ramadan(day) else 1.0)


@dataclass(frozen=True)
class Servers:
    """Servers of one pool: how many, the factor on the service time that holds the pool's load at every scale, how many work at night."""

    count: int
    stretch: float
    night: int

    def mean_s(self, pool: int) -> float:
        return SERVICE[pool][0] * self.stretch


def servers(options: Options) -> dict[int, Servers]:
    """Return the servers of every pool. The load is the world's at every scale: whole servers first, then service speed."""
    peak_per_hour = options.trucks_per_day * WEEKDAYS[:5].mean() / WEEKDAYS.mean() * (HOURS / HOURS.sum()).max()
    found = {}
    for pool, (seconds, _, uses, least, most, longest) in SERVICE.items():
        offered = peak_per_hour * uses * seconds / 3600
        wanted = LOAD[options.world][pool]
        count = int(min(max(round(offered / wanted), least), most))
        found[pool] = Servers(count, min(wanted * count / offered, longest), (count + 1) // 2 if pool in SHIFT_POOLS else count)
    return found


@dataclass(frozen=True)
class Shut:
    """One stretch in which some pools start no service, and what the logbook says about it. Seconds UTC."""

    code: str
    place_code: str
    pools: tuple[int, ...]
    from_s: int
    to_s: int


def special_days(options: Options) -> tuple[dt.date, dt.date]:
    """Return (terminal-system incident day, scanner outage day): the named ones, else early in the run."""
    chosen = []
    for named, share in ((INCIDENT_ON, 0.35), (OUTAGE_ON, 0.15)):
        inside = options.start <= named < options.end
        chosen.append(named if inside else options.start + dt.timedelta(days=int(options.days * share)))
    return chosen[0], chosen[1]


def shut(options: Options, day: dt.date, midnight_s: int) -> list[Shut]:
    """Return what is shut on one local day that starts at `midnight_s` UTC."""
    incident, outage = special_days(options)
    found = []
    if day == incident:
        found.append(Shut("PANNE SYSTEME", "TCE", (P_TCE,), midnight_s + 9 * 3600 + 600, midnight_s + 13 * 3600 + 1500))
    if day == outage:
        found.append(Shut("PANNE SCANNER", "SCAN", (P_SCAN,), midnight_s + 8 * 3600 + 1200, midnight_s + 12 * 3600 + 900))
    rng = day_rng(options.seed, day.toordinal(), 90)
    draw, at, length = rng.random(3), rng.random(3), rng.random(3)
    if draw[0] < 1 / 45:
        start = midnight_s + int((8 + 8 * at[0]) * 3600)
        found.append(Shut("METEO", "TC3", (P_TC3,), start, start + int(2400 + 3600 * length[0])))
    if draw[1] < 1 / 30:
        start = midnight_s + int((7 + 11 * at[1]) * 3600)
        found.append(Shut("FERMETURE", "P6", (P_ENTRY,), start, start + int(900 + 1500 * length[1])))
    if draw[2] < 1 / 9:
        start = midnight_s + int((7 + 12 * at[2]) * 3600)
        found.append(Shut("INCIDENT", "ROAD", (), start, start + int(600 + 2400 * length[2])))
    return found
