"""Positions of equipped trucks, and the zone stays they really made. A fix is a function of its visit and number, so days are made one by one."""

from __future__ import annotations

import numpy as np
import polars as pl

from sample_data.simulator import layout, port
from sample_data.simulator.draws import normal, uniform

QUEUE_DRIVE_S = 110  # from the queue zone's edge to its head when nobody waits
_APPROACH_S, _AWAY_S, _STAY_GAP_S = 75, 110, 180
_OUT_OF_SIGHT = layout.INDEX["AWAY"]


def segments(legs: pl.DataFrame) -> pl.DataFrame:
    """Return (visit, origin, goal, from_s, to_s), gap-free in time for each visit, from its legs (sorted by visit, leg).

    `legs` holds visit, leg, role, place (layout number), arrived, started, ended, left.
    """
    entry = legs.filter(pl.col("role") == port.ENTRY)
    queue_at = pl.col("arrived") - QUEUE_DRIVE_S
    at_gate = pl.min_horizontal(pl.col("started") + 12, "ended")
    index = layout.INDEX

    def part(frame: pl.DataFrame, origin: pl.Expr | int, goal: pl.Expr | int, since: pl.Expr, to: pl.Expr) -> pl.DataFrame:
        origin, goal = (pl.lit(value) if isinstance(value, int) else value for value in (origin, goal))
        return frame.select("visit", origin=origin.cast(pl.Int64), goal=goal.cast(pl.Int64), from_s=since, to_s=to)

    parts = [
        part(entry, index["OUTSIDE"], index["TAIL"], queue_at - _APPROACH_S, queue_at), part(entry, index["TAIL"], index["HEAD"], queue_at, pl.col("started")),
        part(entry, index["HEAD"], index["G6-IN"], pl.col("started"), at_gate), part(entry, index["G6-IN"], index["G6-IN"], at_gate, pl.col("left")),
    ]  # fmt: skip
    moves = legs.with_columns(before=pl.col("place").shift(1).over("visit"), since=pl.col("left").shift(1).over("visit")).filter(pl.col("role") != port.ENTRY)
    parts.append(part(moves, pl.col("before"), pl.col("place"), pl.col("since"), pl.col("arrived")))
    parts.append(part(moves, pl.col("place"), pl.col("place"), pl.col("arrived"), pl.col("left")))
    gone = legs.filter(pl.col("role") == port.OUT)
    parts.append(part(gone, pl.col("place"), _OUT_OF_SIGHT, pl.col("left"), pl.col("left") + _AWAY_S))
    return pl.concat(parts).filter((pl.col("to_s") > pl.col("from_s")) & pl.col("origin").is_not_null()).sort("visit", "from_s")


def stays(parts: pl.DataFrame) -> pl.DataFrame:
    """Return the true stays (visit, zone_code, entered, left as float seconds): presences of one zone at most 180 s apart are one.

    A column `seen` (share of a segment that lies before the end of the run) cuts segments short.
    """
    parts = parts if "seen" in parts.columns else parts.with_columns(seen=pl.lit(1.0))
    found = []
    for (origin, goal), group in parts.partition_by(["origin", "goal"], as_dict=True).items():
        for low, high, zone in layout.crossings(layout.PLACES[origin], layout.PLACES[goal]) if origin != goal else ((0.0, 1.0, _zone_of(origin)),):
            span, top = pl.col("to_s") - pl.col("from_s"), pl.min_horizontal("seen", pl.lit(high))
            found.append(group.filter(pl.col("seen") > low).select("visit", zone_code=pl.lit(zone), entered=pl.col("from_s") + span * low, left=pl.col("from_s") + span * top))
    if not found:
        return pl.DataFrame(schema={"visit": pl.Int64, "zone_code": pl.String, "entered": pl.Float64, "left": pl.Float64})
    pieces = pl.concat(found).filter(pl.col("zone_code").is_not_null()).sort("visit", "zone_code", "entered")
    new = ((pl.col("entered") - pl.col("left").shift(1)) > _STAY_GAP_S).fill_null(True).over("visit", "zone_code")
    pieces = pieces.with_columns(run=new.cast(pl.Int64).cum_sum().over("visit", "zone_code"))
    return pieces.group_by("visit", "zone_code", "run", maintain_order=True).agg(pl.col("entered").min(), pl.col("left").max()).drop("run").sort("visit", "entered", "zone_code")


def _zone_of(place: int) -> str | None:
    x, y = layout.ANCHORS[layout.PLACES[place]]
    return next((code for code, ring in layout.zones().items() if layout.holds(ring, x, y)), None)


def fixes(parts: pl.DataFrame, trucks: pl.DataFrame, seed: int, from_s: int, to_s: int) -> pl.DataFrame:
    """Return the fixes of one stretch of time (usually a UTC day): visit, plate, provider, at (s), longitude, latitude, speed_kmh; by time.

    `trucks` holds visit, truck, plate, provider of every visit in `parts`. Interval 10 to 30 s by truck, noise of 5 to 10 m (root mean square), dropouts.
    """
    parts = parts.filter((pl.col("to_s") > from_s) & (pl.col("from_s") < to_s))
    if parts.is_empty():
        return pl.DataFrame()
    visit, since, to = (parts[name].to_numpy() for name in ("visit", "from_s", "to_s"))
    edge = np.flatnonzero(np.r_[True, visit[1:] != visit[:-1]])
    visits, begin, end = visit[edge], since[edge], to[np.r_[edge[1:] - 1, len(visit) - 1]]
    about = pl.DataFrame({"visit": visits}).join(trucks, on="visit", how="left", maintain_order="left")
    truck = about["truck"].to_numpy()
    interval = 10 + (uniform(seed, 110, truck) * 21).astype(np.int64)
    phase = (uniform(seed, 111, visits) * interval).astype(np.int64)
    low = np.maximum(np.maximum(begin, from_s), 0)
    first = -(-(low - phase) // interval)  # fixes lie at phase + number * interval of the epoch
    count = np.maximum((np.minimum(end, to_s) - 1 - phase) // interval - first + 1, 0)
    which = np.repeat(np.arange(len(visits)), count)
    number = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count) + first[which]
    at = phase[which] + number * interval[which]
    at = np.clip(at + (uniform(seed, 112, visits[which], number) * 3).astype(np.int64) - 1, low[which], np.minimum(end, to_s)[which] - 1)

    duration = np.maximum(to.max() - since.min(), 1) + 1
    start = since.min()
    rank = np.searchsorted(visits, visit)
    segment = np.searchsorted(rank * duration + (since - start), which * duration + (at - start), side="right") - 1
    share = np.clip((at - since[segment]) / (to[segment] - since[segment]), 0, 1)
    x, y, speed = _positions(parts["origin"].to_numpy()[segment], parts["goal"].to_numpy()[segment], share, to[segment] - since[segment])
    sigma = 3.6 + 3.4 * uniform(seed, 113, truck)[which]
    x, y = x + sigma * normal(seed, 114, visits[which], number), y + sigma * normal(seed, 116, visits[which], number)
    longitude, latitude = layout.to_degrees(x, y)

    lost_at = begin + uniform(seed, 118, visits) * (end - begin)
    lost_for = np.where(uniform(seed, 119, visits) < 0.08, 60 + 180 * uniform(seed, 120, visits), 0)
    lost = ((at >= lost_at[which]) & (at < (lost_at + lost_for)[which])) | (uniform(seed, 121, visits[which], number) < 0.01)
    frame = pl.DataFrame(
        {
            "visit": visits[which], "plate": about["plate"].gather(which), "provider": about["provider"].gather(which), "at": at,
            "longitude": np.round(longitude, 6), "latitude": np.round(latitude, 6), "speed_kmh": np.round(np.maximum(speed + (uniform(seed, 122, visits[which], number) - 0.5), 0), 1),
        }
    )  # fmt: skip
    return frame.filter(~pl.Series(lost)).unique(["visit", "at"], keep="first", maintain_order=True).sort("at", "visit")


def _positions(origin: np.ndarray, goal: np.ndarray, share: np.ndarray, seconds: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return metres east, metres north and km/h at a share of each way."""
    pair = origin * len(layout.PLACES) + goal
    known, index = np.unique(pair, return_inverse=True)
    knots, xs, ys, lengths = [], [], [], []
    for number, code in enumerate(known.tolist()):
        a, b = layout.PLACES[code // len(layout.PLACES)], layout.PLACES[code % len(layout.PLACES)]
        points = np.array(layout.way(a, b))
        done = np.r_[0, np.cumsum(np.hypot(*np.diff(points, axis=0).T))]
        lengths.append(done[-1])
        knots.append(2 * number + (done / done[-1] if done[-1] else np.array([0.0, 1.0])))
        xs.append(points[:, 0])
        ys.append(points[:, 1])
    key = 2 * index + share
    table = np.concatenate(knots)
    x, y = np.interp(key, table, np.concatenate(xs)), np.interp(key, table, np.concatenate(ys))
    return x, y, np.array(lengths)[index] / seconds * 3.6
