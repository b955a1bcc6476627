"""The same port over and over, in memory and without a log: with the pilot, without it, with every lane in it, or in it on some days. For evidence over many seeds.

Plans, draws and queues are those of `simulate`; tests hold the times of both against each other.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Container

import numpy as np
import polars as pl

from sample_data.simulator import port, rows, truth
from sample_data.simulator.flow import Flow
from sample_data.simulator.names import Trucks
from sample_data.simulator.options import Options
from sample_data.simulator.plan import CARGO, midnight_s, plan_day

WORLDS = ("on", "off", "all")  # pilot lanes with the pilot; no lane; every lane, from the same day on
WARM_UP_DAYS = 14  # queues and trucks inside are forgotten in a night or two


def worlds(options: Options) -> pl.DataFrame:
    """Return one row a visit, in order of arrival: lane, terminal, cargo, and for each of WORLDS

    `day_*` and `hour_*` of entry (local) and `turnaround_*_min`, null where the visit did not enter or leave before the run's end. `options.out` is not used.
    Where nobody draws an effect, `off` is what a run with `effect` 0 makes.
    """
    trucks, servers = Trucks(options.seed, options.trucks_n, options.tracked_share), port.servers(options)
    flows, abouts, records, first = {"on": Flow(servers)}, [], {name: [] for name in WORLDS}, 0
    for day in (options.start + dt.timedelta(days=number) for number in range(options.days)):
        plan = plan_day(options, trucks, servers, day, first)
        everywhere = plan_day(options, trucks, servers, day, first, port.LANES) if day >= options.pilot_start else plan
        legs = {
            "on": (plan.service_on, plan.travel_on, plan.hold_on), "off": (plan.service_off, plan.travel_off, plan.hold_off),
            "all": (everywhere.service_on, everywhere.travel_on, everywhere.hold_on),
        }  # fmt: skip
        if day >= options.pilot_start and len(flows) == 1:
            flows |= {name: flows["on"].copy() for name in ("off", "all")}
        shut, until = port.shut(options, day, midnight_s(day)), midnight_s(day + dt.timedelta(days=1))
        for name, flow in flows.items():
            flow.close(shut)
            flow.add(plan.first, plan.arrive, plan.roles, plan.pools, *legs[name], plan.about["truck"].to_numpy())
            records[name].append(flow.run(until))
        for name in WORLDS[len(flows) :]:
            records[name].append(records["on"][-1])
        abouts.append(plan.about.select("visit", "truck", "lane", "terminal", "cargo"))
        first += len(plan.arrive)
    about = pl.concat(abouts)
    times = [column for name in WORLDS for column in _times(name, np.concatenate(records[name]), len(about), midnight_s(options.end))]
    return about.select(
        visit_no="visit", lane_code=rows.pick("lane", port.LANES), terminal_code=rows.pick("terminal", port.TERMINALS), cargo_class_code=rows.pick("cargo", CARGO),
    ).with_columns(times)  # fmt: skip


def switched(options: Options, on_days: Container[dt.date]) -> pl.DataFrame:
    """Return `day_switched`, `hour_switched` and `turnaround_switched_min` of each visit where every lane has the pilot on some days, and no lane on the others.

    The run begins two weeks before the pilot's start, with an empty port; days and trucks are those of `worlds`.
    """
    trucks, servers = Trucks(options.seed, options.trucks_n, options.tracked_share), port.servers(options)
    flow, records, visits_n = Flow(servers), [], 0
    since = options.pilot_start - dt.timedelta(days=WARM_UP_DAYS)
    for day in (since + dt.timedelta(days=number) for number in range((options.end - since).days)):
        plan = plan_day(options, trucks, servers, day, visits_n, port.LANES if day in on_days else ())
        flow.close(port.shut(options, day, midnight_s(day)))
        flow.add(plan.first, plan.arrive, plan.roles, plan.pools, plan.service_on, plan.travel_on, plan.hold_on, plan.about["truck"].to_numpy())
        records.append(flow.run(midnight_s(day + dt.timedelta(days=1))))
        visits_n += len(plan.arrive)
    return pl.DataFrame(_times("switched", np.concatenate(records), visits_n, midnight_s(options.end)))


def _times(name: str, records: np.ndarray, visits_n: int, end_s: int) -> list[pl.Series]:
    """Return local day and hour of entry, and turnaround, of visits 0, 1, ...; what lies past the end has not happened yet."""
    entry, left = np.full(visits_n, -1), np.full(visits_n, -1)
    for at, role in ((entry, port.ENTRY), (left, port.OUT)):
        of_role = records[records[:, 2] == role]
        at[of_role[:, 0]] = of_role[:, 6]
    entry[entry >= end_s], left[left >= end_s] = -1, -1
    frame = pl.DataFrame({"entry": entry, "exit": left}).with_columns(wall=rows.local(pl.Series(entry))[0])
    has_entered, has_left = pl.col("entry") >= 0, (pl.col("entry") >= 0) & (pl.col("exit") >= 0)
    return frame.select(
        pl.when(has_entered).then(pl.col("wall").dt.date()).alias(f"day_{name}"), pl.when(has_entered).then(pl.col("wall").dt.hour()).alias(f"hour_{name}"),
        pl.when(has_left).then(truth.minutes("exit", "entry")).alias(f"turnaround_{name}_min"),
    ).get_columns()  # fmt: skip
