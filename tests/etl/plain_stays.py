"""The rules of etl/transform/stays.py once more, slowly and plainly, one fix at a time and in degrees, to check the fast ones against."""

from __future__ import annotations

import datetime as dt
import itertools

import polars as pl

from etl.transform.stays import NOISE_M, SHORT_S, SILENCE
from etl.transform.zones import ZoneGrid


def inside(shape: dict, longitude: float, latitude: float) -> bool:
    """The textbook even-odd rule, one point and one edge at a time."""
    odd = False
    for rings in shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]:
        for ring in rings:
            for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True):
                if (y1 > latitude) != (y2 > latitude) and longitude < x1 + (latitude - y1) * (x2 - x1) / (y2 - y1):
                    odd = not odd
    return odd


def label(shapes: dict[str, dict], smallest_first: tuple[str, ...], longitude: float, latitude: float) -> str | None:
    return next((code for code in smallest_first if inside(shapes[code], longitude, latitude)), None)


def stays(fixes: pl.DataFrame, shapes: dict[str, dict], grid: ZoneGrid) -> list[tuple[str, str, dt.datetime, dt.datetime, int]]:
    """Return (plate, zone, entered, left, fixes), sorted. `grid` only gives the order by area, the gap and depths."""
    found = []
    for (plate,), track in fixes.sort("plate_key", "fix_at").group_by("plate_key", maintain_order=True):
        rows = [(row["fix_at"], row["longitude_deg"], row["latitude_deg"]) for row in track.iter_rows(named=True)]
        zones = [label(shapes, grid.codes, x, y) for _, x, y in rows]
        found += _of_one_truck(plate, rows, zones, shapes, grid)
    return sorted(found, key=lambda stay: (stay[0], stay[2], stay[1]))


def _of_one_truck(plate, rows, zones, shapes, grid):
    gap = dt.timedelta(seconds=grid.gap_s)
    runs, begin = [], 0
    for i in range(1, len(rows) + 1):
        if i == len(rows) or zones[i] != zones[i - 1] or rows[i][0] - rows[i - 1][0] > SILENCE * gap:
            runs.append((begin, i - 1))
            begin = i
    pieces = []
    for first, last in runs:
        zone = zones[first]
        if zone is None:
            continue
        entered = rows[first][0] if first == 0 else _edge(rows[first], rows[first - 1], zones[first - 1], zone, shapes, grid, gap)
        left = rows[last][0] if last == len(rows) - 1 else _edge(rows[last], rows[last + 1], zones[last + 1], zone, shapes, grid, gap)
        number = grid.codes.index(zone)
        depth = max(float(grid.edge_distance_m(number, pl.Series([x]).to_numpy(), pl.Series([y]).to_numpy())[0]) for _, x, y in rows[first : last + 1])
        if rows[last][0] - rows[first][0] > dt.timedelta(seconds=SHORT_S):
            depth = float("inf")
        pieces.append([zone, entered, left, last - first + 1, depth])
    merged = []
    for zone in {piece[0] for piece in pieces}:
        last = None
        for piece in pieces:
            if piece[0] != zone:
                continue
            if last and piece[1] - last[2] <= gap:
                last[2], last[3], last[4], last[5], last[7] = piece[2], last[3] + piece[3], max(last[4], piece[4]), last[5] + piece[2] - piece[1], piece[4]
            else:
                last = [*piece, piece[2] - piece[1], piece[4], piece[4]]
                merged.append(last)
    merged.sort(key=lambda s: (s[1], -s[2].timestamp(), grid.codes.index(s[0])))
    kept = [s for n, s in enumerate(merged) if not (s[4] <= NOISE_M and any(other[2] >= s[2] for other in merged[:n]))]
    starts, ends = [s[1] for s in kept], [s[2] for s in kept]
    for n in range(len(kept) - 1):
        if starts[n + 1] < ends[n] < ends[n + 1] and (kept[n][7] <= NOISE_M or kept[n + 1][6] <= NOISE_M):
            own = min(max(kept[n][5] - (starts[n + 1] - starts[n]), dt.timedelta(0)), ends[n] - starts[n + 1])
            kept[n][2] = kept[n + 1][1] = starts[n + 1] + own
    return [(plate, zone, entered, left, n) for zone, entered, left, n, *_ in kept]


def _edge(fix, other, other_zone, zone, shapes, grid, gap):
    """Return when the truck crossed the edge of `zone` between `fix` (in it) and `other`: look at each stretch between two outlines met."""
    apart = other[0] - fix[0]
    if abs(apart) > gap or other_zone == zone:
        return fix[0] + (max(min(apart / 2, gap), -gap) if abs(apart) <= dt.timedelta(days=1) else 0 * gap)
    dx, dy = other[1] - fix[1], other[2] - fix[2]
    met = sorted({0.0, 1.0, *(share for shape in shapes.values() for share in _met(shape, fix[1], fix[2], dx, dy))})
    for low, high in itertools.pairwise(met):
        if high - low > 1e-9 and label(shapes, grid.codes, fix[1] + (low + high) / 2 * dx, fix[2] + (low + high) / 2 * dy) != zone:
            return fix[0] + apart * low
    return fix[0] + apart


def _met(shape, x, y, dx, dy):
    """Yield the shares of the way (dx, dy) from (x, y) at which it meets the outline of `shape`, by Cramer's rule."""
    for rings in shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]:
        for ring in rings:
            for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True):
                below = dx * (y1 - y2) - dy * (x1 - x2)
                if below:
                    share, along = ((x1 - x) * (y1 - y2) - (y1 - y) * (x1 - x2)) / below, (dx * (y1 - y) - dy * (x1 - x)) / below
                    if 0 < share < 1 and -1e-12 <= along <= 1 + 1e-12:
                        yield share
