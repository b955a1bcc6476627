"""Where things lie in the invented port, in metres east and north of a turned grid, and the way a truck takes between them.

The zones themselves are read from the site's zones.geojson, so that a truth about zones is a truth about what the loader reads.
"""

from __future__ import annotations

import itertools
import json
import math
from functools import lru_cache

import numpy as np

from sample_data.simulator.options import SITE
from sample_data.simulator.port import ENTRY, EXIT, OUT, PARK, PHYSICAL, PHYTO, ROLES, SCAN, VERDICT, WEIGH_1, WEIGH_2, YARD_1, YARD_2

_ANGLE = math.radians(24)
_LATITUDE, _LONGITUDE = 33.6014, -7.6145
_NORTH_M, _EAST_M = 110_900.0, 92_800.0  # metres per degree here
ANCHORS = {
    "OUTSIDE": (-780.0, 0.0), "TAIL": (-559.0, 0.0), "HEAD": (-66.0, 0.0), "G6-IN": (-28.0, 0.0), "WB": (262.0, 100.0), "SCAN": (478.0, -108.0), "INSP": (640.0, -118.0),
    "PARK": (846.0, -126.0), "EXIT": (112.0, -112.0), "G6-OUT": (-30.0, -112.0), "AWAY": (-420.0, -118.0), "TCE": (1240.0, 210.0), "TC3": (1230.0, -215.0), "SOM": (1790.0, 20.0),
}  # fmt: skip
PLACES = tuple(ANCHORS)
INDEX = {place: number for number, place in enumerate(PLACES)}
_ROLE_PLACE = {ENTRY: "G6-IN", WEIGH_1: "WB", WEIGH_2: "WB", SCAN: "SCAN", VERDICT: "SCAN", PHYSICAL: "INSP", PHYTO: "INSP", EXIT: "EXIT", OUT: "G6-OUT", PARK: "PARK"}


def to_degrees(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (longitude, latitude) of grid metres."""
    east, north = x * math.cos(_ANGLE) - y * math.sin(_ANGLE), x * math.sin(_ANGLE) + y * math.cos(_ANGLE)
    return _LONGITUDE + east / _EAST_M, _LATITUDE + north / _NORTH_M


def to_metres(longitude: float, latitude: float) -> tuple[float, float]:
    east, north = (longitude - _LONGITUDE) * _EAST_M, (latitude - _LATITUDE) * _NORTH_M
    return east * math.cos(_ANGLE) + north * math.sin(_ANGLE), -east * math.sin(_ANGLE) + north * math.cos(_ANGLE)


@lru_cache(maxsize=256)
def way(origin: str, goal: str) -> tuple[tuple[float, float], ...]:
    """Return the corner points from one place to another: out to the main road, along it, and in; the exit side has its own road."""
    start, end = ANCHORS[origin], ANCHORS[goal]
    if {origin, goal} <= {"OUTSIDE", "TAIL", "HEAD", "G6-IN"} or {origin, goal} <= {"EXIT", "G6-OUT", "AWAY"} or origin == goal:
        return start, end
    doors = [(1575.0 if place == "SOM" else ANCHORS[place][0], 0.0) for place in (origin, goal)]
    corners = [start, *doors, end]
    return tuple(point for number, point in enumerate(corners) if number == 0 or point != corners[number - 1])


def length(origin: str, goal: str) -> float:
    points = way(origin, goal)
    return sum(math.dist(a, b) for a, b in itertools.pairwise(points))


@lru_cache(maxsize=1)
def _lengths() -> np.ndarray:
    return np.array([[length(a, b) for b in PLACES] for a in PLACES])


def places(roles: np.ndarray, terminal: np.ndarray, terminal_2: np.ndarray) -> np.ndarray:
    """Return the place number of each leg; legs past the last one stay at the exit gate."""
    of_role = np.array([INDEX[_ROLE_PLACE[role]] if role in _ROLE_PLACE else 0 for role in range(len(ROLES))] + [INDEX["G6-OUT"]])
    found = of_role[roles]
    yard = np.array([INDEX["TCE"], INDEX["TC3"], INDEX["SOM"]])
    found = np.where(roles == YARD_1, yard[terminal][:, None], found)
    return np.where(roles == YARD_2, yard[terminal_2][:, None], found)


def distances(roles: np.ndarray, terminal: np.ndarray, terminal_2: np.ndarray) -> np.ndarray:
    """Return the metres driven to reach each leg's place from the one before; the first is from the queue's head."""
    place = places(roles, terminal, terminal_2)
    before = np.concatenate([np.full((len(place), 1), INDEX["HEAD"]), place[:, :-1]], axis=1)
    return _lengths()[before, place]


@lru_cache(maxsize=1)
def zones() -> dict[str, np.ndarray]:
    """Return each zone's closed ring of corner points in grid metres, as the site draws it."""
    features = json.loads((SITE / "reference" / "zones.geojson").read_text("utf-8"))["features"]
    return {f["properties"]["zone_code"]: np.array([to_metres(*point) for point in f["geometry"]["coordinates"][0]]) for f in features}


def holds(ring: np.ndarray, x: float, y: float) -> bool:
    """Return whether a point lies inside a closed ring."""
    inside = False
    for (x1, y1), (x2, y2) in itertools.pairwise(ring):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


@lru_cache(maxsize=512)
def crossings(origin: str, goal: str) -> tuple[tuple[float, float, str], ...]:
    """Return (from share, to share, zone) of the way between two places: which part of it lies in which zone, gaps left out."""
    points, total = way(origin, goal), length(origin, goal)
    cuts, done = {0.0, 1.0}, 0.0
    for a, b in itertools.pairwise(points):
        part = math.dist(a, b)
        for ring in zones().values():
            for c, d in itertools.pairwise(ring):
                turn = (b[0] - a[0]) * (d[1] - c[1]) - (b[1] - a[1]) * (d[0] - c[0])
                if abs(turn) < 1e-12:
                    continue
                along = ((c[0] - a[0]) * (d[1] - c[1]) - (c[1] - a[1]) * (d[0] - c[0])) / turn
                across = ((c[0] - a[0]) * (b[1] - a[1]) - (c[1] - a[1]) * (b[0] - a[0])) / turn
                if 0 <= along <= 1 and 0 <= across <= 1:
                    cuts.add((done + along * part) / total)
        done += part
    edges = sorted(cuts)
    found = []
    for low, high in itertools.pairwise(edges):
        if high - low < 1e-9:
            continue
        x, y = point_at(origin, goal, (low + high) / 2)
        zone = next((code for code, ring in zones().items() if holds(ring, x, y)), None)
        if zone:
            found.append((low, high, zone))
    return tuple(found)


def point_at(origin: str, goal: str, share: float) -> tuple[float, float]:
    points, left = way(origin, goal), share * length(origin, goal)
    for a, b in itertools.pairwise(points):
        part = math.dist(a, b)
        if left <= part and part > 0:
            return a[0] + (b[0] - a[0]) * left / part, a[1] + (b[1] - a[1]) * left / part
        left -= part
    return points[-1]
