"""Which zone a position lies in: a metre raster of the site's zones, exact on every cell an outline cuts. No stays here.

A position falls into a raster cell by two multiplications. A cell wholly inside or outside the zones answers at once; for a
cell cut by an outline the point-in-polygon test is made with the edges of that raster row only, so the answer is the exact one
everywhere and costs no more than the share of positions near an outline. Measured against H3 and DuckDB's spatial extension:
see architecture.md; neither is needed.

Where zones overlap **the smallest wins** (by area in square metres, then by code): a weighbridge drawn inside a terminal yard
is the weighbridge. A point exactly on an outline belongs to the side east and north of it (half-open), so zones that share an
edge never both claim a point nor both refuse it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import polars as pl

from etl.contracts.reference import Site
from etl.errors import SettingsError

EARTH_M = 6_371_008.8  # mean radius, IUGG
CELL_M = 2.0  # about a fifth of a lane's width of GPS noise: few positions fall into cut cells (about 1 in 50 in a port)
MAX_CELLS = 4_000_000  # 16 MB of raster at most: larger areas get larger cells, never a wrong answer
_CHUNK = 1 << 18  # positions handled at a time: intermediate arrays stay in the cache and memory stays bounded
_PAD_M = 1e-6  # widens an outline when marking cut cells: more than rounding, less than anything measured
OUTSIDE = -1
_PIECES_RULES = "1"  # part of the digest: raise it when stays.pieces would answer otherwise from the same fixes and zones


@dataclass(frozen=True, eq=False)
class _Outline:
    """The edges of one zone in metres, each with its lower end first, and the edges that reach each raster row."""

    x1: np.ndarray
    y1: np.ndarray
    x2: np.ndarray
    y2: np.ndarray
    row_from: np.ndarray  # edges of row r are edge[row_from[r]:row_from[r + 1]]
    edge: np.ndarray

    def contains(self, x: np.ndarray, y: np.ndarray, row: np.ndarray) -> np.ndarray:
        """Exact point-in-polygon by the even-odd rule, for points of known raster rows."""
        first = self.row_from[row]
        n = self.row_from[row + 1] - first
        owner = np.repeat(np.arange(len(x)), n)
        edge = self.edge[np.arange(len(owner)) - np.repeat(np.cumsum(n) - n - first, n)]
        crossed = _left_of(self, edge, x[owner], y[owner])
        return (np.bincount(owner[crossed], minlength=len(x)) & 1).astype(bool)

    def may_touch(self, other: _Outline) -> bool:
        """Return whether the boxes around the two outlines meet."""
        across = min(self.x1.min(), self.x2.min()) <= max(other.x1.max(), other.x2.max()) and min(other.x1.min(), other.x2.min()) <= max(self.x1.max(), self.x2.max())
        return bool(across and self.y1.min() <= other.y2.max() and other.y1.min() <= self.y2.max())


def _first_crossing(outline: _Outline, x: np.ndarray, y: np.ndarray, dx: np.ndarray, dy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the least share in (0, 1] of the way (dx, dy) from (x, y) at which it meets the outline, infinite where it does not; and whether it begins on it."""
    best, begins = np.full(len(x), np.inf), np.zeros(len(x), bool)
    with np.errstate(divide="ignore", invalid="ignore"):
        for x1, y1, x2, y2 in zip(outline.x1, outline.y1, outline.x2, outline.y2, strict=True):
            ex, ey = x2 - x1, y2 - y1
            turn = dx * ey - dy * ex
            share = ((x1 - x) * ey - (y1 - y) * ex) / turn
            along = ((x1 - x) * dy - (y1 - y) * dx) / turn
            met = (along >= 0) & (along <= 1) & (share >= -1e-12) & (share <= 1)
            meets = met & (share > 1e-12) & (share < best)
            begins |= met & (share <= 1e-12)
            best[meets] = share[meets]
    return best, begins


def _left_of(outline: _Outline, edge: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return whether a ray from (x, y) to the east crosses `edge` (half-open in y)."""
    x1, y1, x2, y2 = outline.x1[edge], outline.y1[edge], outline.x2[edge], outline.y2[edge]
    spans = (y1 <= y) & (y < y2)
    with np.errstate(divide="ignore", invalid="ignore"):
        return spans & (x < x1 + (y - y1) * ((x2 - x1) / (y2 - y1)))


@dataclass(frozen=True, eq=False)
class ZoneGrid:
    """The raster of one site's zones. `codes` is ordered smallest zone first; a zone number is an index into it.

    `gap_s` is the site's stay gap (see stays.py); `digest` changes whenever stored pieces must be made anew.
    """

    port_code: str
    codes: tuple[str, ...]
    areas_m2: tuple[float, ...]
    gap_s: float
    digest: str
    cell_m: float
    _frame: tuple[float, float, float, float, float, float]  # longitude and latitude of the origin, metres a degree (x, y), raster corner x, y
    _shape: tuple[int, int]
    _signature: np.ndarray  # one signature number a cell
    _sure: np.ndarray  # signature -> zone number that holds unless one of its doubtful zones does
    _doubtful: np.ndarray  # signature x zone -> the zone's outline cuts the cell
    _outlines: tuple[_Outline, ...]

    @classmethod
    def from_site(cls, site: Site) -> ZoneGrid:
        """Return the raster of the site's `dim_zones`. Raises SettingsError for an outline of fewer than three corners."""
        zones = tuple(site.tables["dim_zones"].select("zone_code", "geometry").iter_rows())
        return _drawn(zones, site.longitude_deg, site.latitude_deg, site.port_code, site.stay_gap_s)

    @classmethod
    def build(
        cls, shapes: dict[str, dict], longitude_deg: float, latitude_deg: float, *, port_code: str = "", gap_s: float = 180.0, cell_m: float = CELL_M, max_cells: int = MAX_CELLS
    ) -> ZoneGrid:  # fmt: skip
        """Return the raster of GeoJSON Polygons or MultiPolygons (holes allowed) around an origin in degrees, WGS 84."""
        per_y = EARTH_M * np.pi / 180
        per_x = per_y * max(np.cos(np.radians(latitude_deg)), 0.01)
        origin = (longitude_deg, latitude_deg, per_x, per_y)
        rings = {code: _rings(code, shape, origin) for code, shape in shapes.items()}
        areas = {code: abs(sum(_area(x, y) * (1 if outer else -1) for x, y, outer in zone)) for code, zone in rings.items()}
        codes = tuple(sorted(rings, key=lambda code: (areas[code], code)))
        edges = [_edges(rings[code]) for code in codes]
        x_min = min((min(e[0].min(), e[2].min()) for e in edges), default=0.0)
        x_max = max((max(e[0].max(), e[2].max()) for e in edges), default=1.0)
        y_min, y_max = min((e[1].min() for e in edges), default=0.0), max((e[3].max() for e in edges), default=1.0)
        cell = max(cell_m, float(np.sqrt((x_max - x_min) * (y_max - y_min) / max_cells)), max(x_max - x_min, y_max - y_min) * 8 / max_cells)
        # One spare cell all round: a position beyond the raster is clipped onto it and is outside.
        x0, y0 = x_min - 1.5 * cell, y_min - 1.5 * cell
        shape = (int((y_max - y0) / cell) + 2, int((x_max - x0) / cell) + 2)
        outlines = tuple(_outline(*e, y0, cell, shape[0]) for e in edges)
        signature, sure, doubtful = _paint(outlines, x0, y0, cell, shape)
        text = json.dumps([_PIECES_RULES, shapes, longitude_deg, latitude_deg, gap_s], sort_keys=True)
        return cls(
            port_code, codes, tuple(areas[code] for code in codes), gap_s, hashlib.sha256(text.encode()).hexdigest()[:16], cell,
            (*origin, x0, y0), shape, signature, sure, doubtful, outlines,
        )  # fmt: skip

    def metres(self, longitude_deg: np.ndarray, latitude_deg: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return metres east and north of the site (equirectangular: exact to 1 in 10,000 within 20 km)."""
        return _project(longitude_deg, latitude_deg, self._frame[:4])

    def locate(self, longitude_deg: np.ndarray, latitude_deg: np.ndarray) -> np.ndarray:
        """Return the zone number of each position as int16, OUTSIDE (-1) where no zone holds it (or it is not a number)."""
        found = np.empty(len(longitude_deg), np.int16)
        for start in range(0, len(found), _CHUNK):
            part = slice(start, start + _CHUNK)
            found[part] = self._locate(longitude_deg[part], latitude_deg[part])
        return found

    def _locate(self, longitude_deg: np.ndarray, latitude_deg: np.ndarray) -> np.ndarray:
        x, y = self.metres(longitude_deg, latitude_deg)
        (rows, columns), (x0, y0) = self._shape, self._frame[4:]
        row = _cell(y, y0, self.cell_m, rows)
        signature = self._signature[row * columns + _cell(x, x0, self.cell_m, columns)]
        found = self._sure[signature]
        cut = np.flatnonzero(signature > len(self.codes))
        for zone in range(len(self.codes)):  # smallest first
            if not cut.size:
                break
            asked = self._doubtful[signature[cut], zone]
            near = cut[asked]
            if near.size:
                held = self._outlines[zone].contains(x[near], y[near], row[near])
                found[near[held]] = zone
                asked[asked] = held
                cut = cut[~asked]
        return found

    def way_out(self, zone: np.ndarray, longitude_deg: np.ndarray, latitude_deg: np.ndarray, to_longitude_deg: np.ndarray, to_latitude_deg: np.ndarray) -> np.ndarray:
        """Return the share of the straight way from each position in `zone` at which it first leaves that zone; 0 for OUTSIDE.

        A smaller zone drawn over it ends it as well as its own outline, and entering is leaving walked backwards.
        """
        x, y = self.metres(longitude_deg, latitude_deg)
        to_x, to_y = self.metres(to_longitude_deg, to_latitude_deg)
        share = np.zeros(len(x))
        for each in np.unique(zone[zone != OUTSIDE]):
            mine = np.flatnonzero(zone == each)
            part = (x[mine], y[mine], to_x[mine] - x[mine], to_y[mine] - y[mine])
            first, on_edge = np.full(len(mine), np.inf), np.zeros(len(mine), bool)
            for outline in self._outlines[: each + 1]:
                if outline is self._outlines[each] or outline.may_touch(self._outlines[each]):
                    met, begins = _first_crossing(outline, *part)
                    np.minimum(first, met, out=first)
                    on_edge |= begins
            share[mine] = np.where(np.isfinite(first), first, 0.0)
            if on_edge.any():  # on an outline the way may lead in or out: look where it is before it meets the next one
                edge, half = mine[on_edge], share[mine[on_edge]] / 2
                between = (longitude_deg[edge] + half * (to_longitude_deg[edge] - longitude_deg[edge]), latitude_deg[edge] + half * (to_latitude_deg[edge] - latitude_deg[edge]))
                share[edge[self.locate(*between) != each]] = 0.0
        return share

    def edge_distance_m(self, zone: int, longitude_deg: np.ndarray, latitude_deg: np.ndarray) -> np.ndarray:
        """Return the distance in metres of each position to the nearest point of one zone's outline."""
        x, y = self.metres(longitude_deg, latitude_deg)
        outline, best = self._outlines[zone], np.full(len(x), np.inf)
        for x1, y1, x2, y2 in zip(outline.x1, outline.y1, outline.x2, outline.y2, strict=True):
            dx, dy = x2 - x1, y2 - y1
            along = np.clip(((x - x1) * dx + (y - y1) * dy) / max(dx * dx + dy * dy, 1e-12), 0, 1)
            np.minimum(best, np.hypot(x - x1 - along * dx, y - y1 - along * dy), out=best)
        return best

    def names(self, zone: np.ndarray) -> pl.Series:
        """Return zone codes of zone numbers, null for OUTSIDE."""
        numbers = pl.Series("zone_code", zone.astype(np.int32))
        return pl.Series("zone_code", self.codes, dtype=pl.String).gather(numbers.set(numbers < 0, None))


@lru_cache(maxsize=2)
def _drawn(zones: tuple[tuple[str, str], ...], longitude_deg: float, latitude_deg: float, port_code: str, gap_s: float) -> ZoneGrid:
    """Every window of a load asks for the same raster."""
    shapes = {code: json.loads(geometry) for code, geometry in zones}
    return ZoneGrid.build(shapes, longitude_deg, latitude_deg, port_code=port_code, gap_s=gap_s)


def _project(longitude_deg: np.ndarray, latitude_deg: np.ndarray, origin: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    east = longitude_deg - origin[0]
    if east.size and (east.max() > 180 or east.min() < -180):
        east = (east + 540) % 360 - 180
    return east * origin[2], (latitude_deg - origin[1]) * origin[3]


def _cell(value: np.ndarray, low: float, cell: float, n: int) -> np.ndarray:
    """Return the row or column of a coordinate; clipped before the cast, so that a far or missing value is the spare cell."""
    position = (value - low) / cell
    np.fmin(position, n - 1, out=position)
    np.fmax(position, 0, out=position)  # fmin, fmax: NaN becomes a number too
    return position.astype(np.int32)


def _rings(code: str, shape: dict, origin: Sequence[float]) -> list[tuple[np.ndarray, np.ndarray, bool]]:
    polygons = shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]
    found = []
    for polygon in polygons:
        for number, ring in enumerate(polygon):
            corners = np.array([corner[:2] for corner in ring], dtype=float).reshape(-1, 2)
            if len(corners) and (corners[0] == corners[-1]).all():
                corners = corners[:-1]
            if len(corners) < 3:
                raise SettingsError("zones.geojson", f"zone '{code}' has an outline of {len(corners)} corners", "", "Draw at least three")
            found.append((*_project(corners[:, 0], corners[:, 1], origin), number == 0))
    return found


def _area(x: np.ndarray, y: np.ndarray) -> float:
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


def _edges(rings: list[tuple[np.ndarray, np.ndarray, bool]]) -> tuple[np.ndarray, ...]:
    """Return x1, y1, x2, y2 of all edges, the lower end first: two zones that share an edge then compute the same crossing."""
    x1, y1 = np.concatenate([x for x, _, _ in rings]), np.concatenate([y for _, y, _ in rings])
    x2, y2 = np.concatenate([np.roll(x, -1) for x, _, _ in rings]), np.concatenate([np.roll(y, -1) for _, y, _ in rings])
    turn = (y1 > y2) | ((y1 == y2) & (x1 > x2))
    return np.where(turn, x2, x1), np.where(turn, y2, y1), np.where(turn, x1, x2), np.where(turn, y1, y2)


def _outline(x1: np.ndarray, y1: np.ndarray, x2: np.ndarray, y2: np.ndarray, y0: float, cell: float, rows: int) -> _Outline:
    low, high = _cell(y1, y0, cell, rows), _cell(y2, y0, cell, rows)
    n = high - low + 1
    edge = np.repeat(np.arange(len(x1)), n)
    row = np.repeat(low, n) + np.arange(len(edge)) - np.repeat(np.cumsum(n) - n, n)
    order = np.argsort(row, kind="stable")
    return _Outline(x1, y1, x2, y2, np.searchsorted(row[order], np.arange(rows + 1)), edge[order])


def _paint(outlines: tuple[_Outline, ...], x0: float, y0: float, cell: float, shape: tuple[int, int]) -> tuple[np.ndarray, ...]:
    """Paint the zones from the largest to the smallest; return each cell's signature and what each signature means.

    Signature 0 is outside, 1 + z is wholly zone z; every further one is a set of zones that cut the cell over a sure answer.
    """
    signature = np.zeros(shape[0] * shape[1], np.int32)
    meaning: list[tuple[int, frozenset[int]]] = [(OUTSIDE, frozenset()), *((zone, frozenset()) for zone in range(len(outlines)))]
    number = {known: index for index, known in enumerate(meaning)}
    for zone in reversed(range(len(outlines))):
        inside, cut = _fill(outlines[zone], x0, y0, cell, shape)
        signature[inside] = 1 + zone
        under, place = np.unique(signature[cut], return_inverse=True)
        over = []
        for below in under:
            sure, doubtful = meaning[below]
            wanted = (sure, doubtful | {zone})
            if wanted not in number:
                number[wanted] = len(meaning)
                meaning.append(wanted)
            over.append(number[wanted])
        if cut.size:
            signature[cut] = np.array(over, np.int32)[place]
    doubtful = np.zeros((len(meaning), len(outlines)), bool)
    for index, (_, zones) in enumerate(meaning):
        doubtful[index, list(zones)] = True
    return signature, np.array([sure for sure, _ in meaning], np.int16), doubtful


def _fill(outline: _Outline, x0: float, y0: float, cell: float, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the flat cells wholly inside the outline and the flat cells it cuts."""
    rows, columns = shape
    row = np.repeat(np.arange(rows), np.diff(outline.row_from))
    x1, y1, x2, y2 = (side[outline.edge] for side in (outline.x1, outline.y1, outline.x2, outline.y2))
    bottom, top = y0 + row * cell, y0 + (row + 1) * cell
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(y2 > y1, (x2 - x1) / (y2 - y1), 0.0)
    start, end = np.where(y1 > bottom, x1, x1 + (bottom - y1) * slope), np.where(y2 < top, x2, x1 + (top - y1) * slope)
    start, end = np.where(y2 > y1, start, x1), np.where(y2 > y1, end, x2)
    pad = _PAD_M + np.minimum(_PAD_M * np.abs(slope), np.abs(x2 - x1))
    left, right = _cell(np.minimum(start, end) - pad, x0, cell, columns), _cell(np.maximum(start, end) + pad, x0, cell, columns)
    n = right - left + 1
    flat = np.repeat(row * columns + left, n) + np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n)
    # An edge that ends on the line between two rows touches both, within rounding.
    beside = [flat, *(flat[np.repeat(near, n)] + step for near, step in ((np.abs(y1 - bottom) < _PAD_M, -columns), (np.abs(y2 - top) < _PAD_M, columns)))]
    cut = np.unique(np.concatenate(beside))
    cut = cut[(cut >= 0) & (cut < rows * columns)]
    # Whole cells: parity of the crossings of the line through the row's middle, counted from the left.
    middle = y0 + (row + 0.5) * cell
    spans = (y1 <= middle) & (middle < y2)
    crossing = x1[spans] + (middle[spans] - y1[spans]) * slope[spans]
    first = np.clip(np.ceil((crossing - x0) / cell - 0.5), 0, columns - 1).astype(np.int64)
    used = np.flatnonzero(np.diff(outline.row_from))
    if not used.size:
        return np.empty(0, np.int64), cut
    low, high = used[0], used[-1] + 1
    toggles = np.zeros((high - low, columns), np.int32)
    np.add.at(toggles, (row[spans] - low, first), 1)
    inside = np.flatnonzero((np.cumsum(toggles, axis=1) & 1).ravel()) + low * columns
    return np.setdiff1d(inside, cut, assume_unique=True), cut
