"""Truck tracks with known truth for tests: a drawn port of seven zones, true paths in metres, noise, silences. Not the simulator.

The truth of a stay comes from the true path sampled every quarter second, before noise, thinning and silences.
"""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import polars as pl

from etl.contracts.reference import DIM_ZONES, REFERENCE_TABLES, Site
from etl.transform.zones import EARTH_M, ZoneGrid

LON, LAT = -7.6145, 33.6014
_KY = EARTH_M * np.pi / 180
_KX = _KY * np.cos(np.radians(LAT))
DAY = dt.datetime(2026, 9, 1)
_STEP_S = 0.25

# Zone -> kind, west, south, east, north in metres. Queue touches gate, gate touches apron: crossings between neighbours are the hard ones.
BOXES = {
    "QUEUE": ("queue", -320, -7, -40, 7), "GATE": ("gate", -40, -25, 0, 25), "APRON": ("road", 0, -25, 120, 25), "WEIGH": ("weighbridge", 150, -10, 190, 10),
    "YARD": ("terminal", 260, -150, 620, 150), "CRANE": ("terminal", 430, 40, 500, 100), "SCAN": ("scanner", 150, 80, 210, 105),
}  # fmt: skip


def box(west: float, south: float, east: float, north: float) -> dict:
    ring = [[LON + x / _KX, LAT + y / _KY] for x, y in ((west, south), (east, south), (east, north), (west, north), (west, south))]
    return {"type": "Polygon", "coordinates": [ring]}


def site(boxes: dict = BOXES, gap_s: float = 180.0, zone_name: str = "Africa/Casablanca", port_code: str = "XXTST") -> Site:
    rows = [{"zone_code": code, "zone_kind_code": kind, "geometry": json.dumps(box(*sides)), "name_en": code} for code, (kind, *sides) in boxes.items()]
    tables = {table.name: table.empty() for table in REFERENCE_TABLES} | {"dim_zones": DIM_ZONES.conform(pl.DataFrame(rows))}
    return Site(None, port_code, "Test", zone_name, LON, LAT, False, tables, "0", gap_s)


def fixes(rows: list[tuple[str, float, float, float]], start: dt.datetime = DAY) -> pl.DataFrame:
    """Return fixes from (plate, seconds after start, metres east, metres north)."""
    return pl.DataFrame(
        {
            "plate_key": [row[0] for row in rows], "fix_at": [start + dt.timedelta(seconds=row[1]) for row in rows],
            "longitude_deg": [LON + row[2] / _KX for row in rows], "latitude_deg": [LAT + row[3] / _KY for row in rows],
        },
        schema={"plate_key": pl.String, "fix_at": pl.Datetime("us"), "longitude_deg": pl.Float64, "latitude_deg": pl.Float64},
    )  # fmt: skip


def path(draw: np.random.Generator) -> np.ndarray:
    """Return the true way points (seconds, east, north) of one visit: queue in stop and go, gate, weighbridge, yard, scanner or not, out."""
    points = [(0.0, -600.0, 0.0)]

    def drive(x: float, y: float, speed: float) -> None:
        t, x0, y0 = points[-1]
        points.append((t + np.hypot(x - x0, y - y0) / speed, x, y))

    def wait(minutes: float) -> None:
        t, x, y = points[-1]
        points.append((t + 60 * minutes, x, y))

    lane = draw.choice([-4.0, 0.0, 4.0])
    drive(draw.uniform(-310, -100), lane, 6)
    while points[-1][1] < -60:
        wait(draw.exponential(1.2))
        drive(min(points[-1][1] + draw.uniform(10, 40), -48), lane, 2.5)
        if points[-1][1] >= -60:
            break
    wait(draw.exponential(1.0))
    drive(draw.uniform(-22, -10), lane, 2.5)
    wait(draw.lognormal(0, 0.5))
    drive(140, 0, 5)
    if draw.random() < 0.9:
        drive(draw.uniform(165, 175), 0, 3)
        wait(draw.lognormal(0.2, 0.5))
    drive(250, 0, 5)
    drive(draw.uniform(300, 420), draw.uniform(-120, 30), 5)
    wait(draw.lognormal(2.3, 0.7))
    if draw.random() < 0.4:
        drive(draw.uniform(445, 485), draw.uniform(55, 85), 4)
        wait(draw.lognormal(1.8, 0.5))
        drive(400, 0, 4)
    drive(250, 20, 5)
    if draw.random() < 0.3:
        drive(225, 92, 4)
        drive(180, 92, 2)
        wait(draw.lognormal(1.5, 0.5))
        drive(140, 92, 4)
        drive(125, 30, 4)
    drive(130, 15, 5)
    drive(-15, 15, 4)
    wait(draw.lognormal(-0.5, 0.4))
    drive(-60, 18, 4)
    drive(-600, 40, 8)
    return np.array(points)


def tracks(seed: int, visits: int, *, start: dt.datetime = DAY, spread_s: float = 57_600, silences: bool = True, zones: dict = BOXES) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return fixes (noise of 5-10 m, every 10-30 s, silences) and true stays (plate_key, zone_code, entered_at, left_at)."""
    draw = np.random.default_rng(seed)
    grid = ZoneGrid.build({code: box(*sides) for code, (_, *sides) in zones.items()}, LON, LAT)
    found, truth = [], []
    for number in range(visits):
        plate = f"{number:016x}"
        way = path(draw)
        way[:, 0] += draw.uniform(0, spread_s)
        true_at = np.arange(way[0, 0], way[-1, 0], _STEP_S)
        zone = grid.locate(LON + np.interp(true_at, way[:, 0], way[:, 1]) / _KX, LAT + np.interp(true_at, way[:, 0], way[:, 2]) / _KY)
        cut = np.flatnonzero(np.append(True, zone[1:] != zone[:-1]))
        for a, b in zip(cut, np.append(cut[1:], len(zone) - 1), strict=True):
            if zone[a] >= 0:
                truth.append((plate, grid.codes[zone[a]], true_at[a], true_at[b]))
        every = draw.uniform(10, 30)
        at = way[0, 0] + np.cumsum(every * draw.uniform(0.8, 1.2, int((way[-1, 0] - way[0, 0]) / every) + 1))
        at = at[at < way[-1, 0]]
        if silences:
            for _ in range(draw.poisson(0.6 * (way[-1, 0] - way[0, 0]) / 3600)):
                begin = draw.uniform(way[0, 0], way[-1, 0])
                at = at[(at < begin) | (at > begin + draw.uniform(60, 400))]
        sigma = draw.uniform(5, 10)
        noise = draw.normal(0, sigma / np.sqrt(2), (2, len(at)))
        found.append((np.full(len(at), number), at, np.interp(at, way[:, 0], way[:, 1]) + noise[0], np.interp(at, way[:, 0], way[:, 2]) + noise[1]))
    number, at, x, y = (np.concatenate(column) for column in zip(*found, strict=True))
    base = int((start - dt.datetime(1970, 1, 1)).total_seconds() * 1e6)
    frame = pl.DataFrame(
        {
            "plate_key": pl.Series([f"{n:016x}" for n in range(visits)]).gather(number), "fix_at": pl.Series(base + (at * 1e6).astype(np.int64)).cast(pl.Datetime("us")),
            "longitude_deg": LON + x / _KX, "latitude_deg": LAT + y / _KY,
        }
    ).sample(fraction=1.0, shuffle=True, seed=seed)  # fmt: skip
    stays = pl.DataFrame(truth, schema=["plate_key", "zone_code", "from_s", "to_s"], orient="row").select(
        "plate_key", "zone_code", entered_at=(base + pl.col("from_s") * 1e6).cast(pl.Int64).cast(pl.Datetime("us")),
        left_at=(base + pl.col("to_s") * 1e6).cast(pl.Int64).cast(pl.Datetime("us")),
    )  # fmt: skip
    return frame, bridged(stays)


def bridged(stays: pl.DataFrame, gap_s: float = 180.0) -> pl.DataFrame:
    """Return stays with presences of one truck and zone at most `gap_s` apart made one: the declared meaning of a stay."""
    far = (pl.col("entered_at") - pl.col("left_at").shift(1).over("plate_key", "zone_code")).dt.total_microseconds() > gap_s * 1e6
    return (
        stays.sort("plate_key", "zone_code", "entered_at")
        .with_columns(n=far.fill_null(True).cum_sum().over("plate_key", "zone_code"))
        .group_by("plate_key", "zone_code", "n", maintain_order=True).agg(pl.col("entered_at").first(), pl.col("left_at").last())
        .drop("n")
    )  # fmt: skip


def score(found: pl.DataFrame, truth: pl.DataFrame, share: float = 0.5) -> dict[str, float]:
    """Return F1 and duration error: a pair is one truck and zone whose overlap is at least `share` of their union, each used once."""
    columns = ("plate_key", "zone_code", "entered_at", "left_at")
    both = found.select(columns).with_row_index("f").join(truth.select(columns).with_row_index("t"), on=["plate_key", "zone_code"], suffix="_true")
    overlap = pl.min_horizontal("left_at", "left_at_true") - pl.max_horizontal("entered_at", "entered_at_true")
    union = pl.max_horizontal("left_at", "left_at_true") - pl.min_horizontal("entered_at", "entered_at_true")
    pairs = both.with_columns(share=overlap.dt.total_microseconds() / union.dt.total_microseconds()).filter(pl.col("share") >= share)
    pairs = pairs.sort("share", descending=True).unique("f", keep="first", maintain_order=True).unique("t", keep="first", maintain_order=True)
    error = ((pl.col("left_at") - pl.col("entered_at")) - (pl.col("left_at_true") - pl.col("entered_at_true"))).dt.total_microseconds() / 6e7
    return {"f1": 2 * len(pairs) / (len(found) + len(truth)), "found": len(found), "true": len(truth), "pairs": len(pairs), "mae_min": pairs.select(error.abs().mean()).item(), "bias_min": pairs.select(error.mean()).item()}
