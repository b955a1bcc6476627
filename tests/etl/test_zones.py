"""The zone raster against brute force: exact on every cell an outline cuts, holes, overlaps, shared edges, any area."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.errors import SettingsError
from etl.transform.zones import MAX_CELLS, ZoneGrid

LON, LAT = -7.6145, 33.6014


def square(west: float, south: float, east: float, north: float) -> list:
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def polygon(*rings: list) -> dict:
    return {"type": "Polygon", "coordinates": list(rings)}


def inside(shape: dict, longitude: float, latitude: float) -> bool:
    """The textbook even-odd rule, one point and one edge at a time, in degrees."""
    odd = False
    for rings in shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]:
        for ring in rings:
            for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True):
                if (y1 > latitude) != (y2 > latitude) and longitude < x1 + (latitude - y1) * (x2 - x1) / (y2 - y1):
                    odd = not odd
    return odd


def brute(grid: ZoneGrid, shapes: dict[str, dict], longitude: np.ndarray, latitude: np.ndarray) -> list[int]:
    return [next((z for z, code in enumerate(grid.codes) if inside(shapes[code], x, y)), -1) for x, y in zip(longitude, latitude, strict=True)]


def star(east: float, north: float, radii: list[float], turn: float = 0.0) -> list:
    """A star-shaped ring of metres `radii` around a point `east`, `north` metres from the site."""
    k = math.pi / 180 * 6_371_008.8
    kx = k * math.cos(math.radians(LAT))
    at = [turn + 2 * math.pi * i / len(radii) for i in range(len(radii))]
    ring = [[LON + (east + r * math.cos(a)) / kx, LAT + (north + r * math.sin(a)) / k] for r, a in zip(radii, at, strict=True)]
    return [*ring, ring[0]]


def points(seed: int, n: int, reach_deg: float = 0.006) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    return LON + draw.uniform(-reach_deg, reach_deg, n), LAT + draw.uniform(-reach_deg, reach_deg, n)


_radii = st.lists(st.floats(5, 300), min_size=3, max_size=14)


@settings(max_examples=60, deadline=None)
@given(zones=st.lists(st.tuples(st.floats(-300, 300), st.floats(-300, 300), _radii, st.floats(0, 3)), min_size=1, max_size=5), seed=st.integers(0, 10**6), cell=st.sampled_from([1.0, 2.0, 7.3, 60.0]))
def test_every_point_agrees_with_brute_force_on_random_overlapping_zones(zones, seed, cell):
    shapes = {f"Z{n}": polygon(star(*zone)) for n, zone in enumerate(zones)}
    grid = ZoneGrid.build(shapes, LON, LAT, cell_m=cell)
    longitude, latitude = points(seed, 400)
    assert grid.locate(longitude, latitude).tolist() == brute(grid, shapes, longitude, latitude)


@settings(max_examples=40, deadline=None)
@given(radii=_radii, seed=st.integers(0, 10**6))
def test_points_drawn_on_the_outline_itself_agree_within_rounding(radii, seed):
    """Points a millimetre either side of an edge are the hard ones: all lie in cut cells."""
    ring = star(0, 0, radii)
    grid = ZoneGrid.build({"Z": polygon(ring)}, LON, LAT)
    draw = np.random.default_rng(seed)
    edge, along = draw.integers(0, len(ring) - 1, 200), draw.uniform(0, 1, 200)
    a, b = np.array(ring)[edge], np.array(ring)[edge + 1]
    at = a + along[:, None] * (b - a) + draw.choice([-1e-8, 1e-8], (200, 2))
    assert grid.locate(at[:, 0], at[:, 1]).tolist() == brute(grid, {"Z": polygon(ring)}, at[:, 0], at[:, 1])


def test_the_smallest_of_overlapping_zones_wins_wherever_it_is_drawn():
    yard, bridge = polygon(square(LON, LAT, LON + 0.004, LAT + 0.004)), polygon(square(LON + 0.001, LAT + 0.001, LON + 0.0012, LAT + 0.0012))
    for order in (("YARD", "BRIDGE"), ("BRIDGE", "YARD")):
        grid = ZoneGrid.build({code: {"YARD": yard, "BRIDGE": bridge}[code] for code in order}, LON, LAT)
        found = grid.names(grid.locate(np.array([LON + 0.0011, LON + 0.003, LON - 0.001]), np.array([LAT + 0.0011, LAT + 0.003, LAT])))
        assert found.to_list() == ["BRIDGE", "YARD", None]


def test_zones_of_equal_area_are_ordered_by_code():
    same = polygon(square(LON, LAT, LON + 0.001, LAT + 0.001))
    grid = ZoneGrid.build({"B": same, "A": same}, LON, LAT)
    assert grid.names(grid.locate(np.array([LON + 0.0005]), np.array([LAT + 0.0005]))).to_list() == ["A"]


def test_a_hole_is_outside_and_an_island_in_it_is_inside():
    ring, hole = square(LON, LAT, LON + 0.004, LAT + 0.004), square(LON + 0.001, LAT + 0.001, LON + 0.003, LAT + 0.003)
    island = [square(LON + 0.0018, LAT + 0.0018, LON + 0.0022, LAT + 0.0022)]
    shape = {"type": "MultiPolygon", "coordinates": [[ring, hole], island]}
    grid = ZoneGrid.build({"Z": shape}, LON, LAT)
    at = np.array([0.0005, 0.0015, 0.002, 0.005])
    assert grid.locate(LON + at, LAT + at).tolist() == [0, -1, 0, -1]
    longitude, latitude = points(5, 5000)
    assert grid.locate(longitude, latitude).tolist() == brute(grid, {"Z": shape}, longitude, latitude)


def test_zones_that_share_a_slanting_edge_claim_every_point_once():
    """Half-open and computed from the same end: no point is lost between two neighbours, none is claimed twice."""
    a, b, c, d = [LON, LAT], [LON + 0.003, LAT + 0.0013], [LON, LAT + 0.003], [LON + 0.004, LAT - 0.002]
    shapes = {"N": polygon([a, b, c, a]), "S": polygon([a, d, b, a])}
    grid = ZoneGrid.build(shapes, LON, LAT)
    along = np.linspace(0.001, 0.999, 20_001)
    longitude, latitude = a[0] + along * (b[0] - a[0]), a[1] + along * (b[1] - a[1])
    assert (grid.locate(longitude, latitude) >= 0).all()


def test_a_large_area_keeps_the_raster_bounded_and_stays_exact():
    far = {"HERE": polygon(star(0, 0, [200, 90, 250, 120, 300])), "FAR": polygon(star(90_000, 150_000, [9000, 4000, 8000])), "LINE": polygon(star(0, -60_000, [50, 20, 50]))}
    grid = ZoneGrid.build(far, LON, LAT)
    assert grid._signature.size <= 1.1 * MAX_CELLS and grid.cell_m > 50
    longitude, latitude = points(1, 1000, 0.004)
    assert grid.locate(longitude, latitude).tolist() == brute(grid, far, longitude, latitude)
    longitude, latitude = LON + points(2, 1000, 0.2)[0] - LON + 0.97, points(2, 1000, 0.2)[1] + 1.35
    assert grid.locate(longitude, latitude).tolist() == brute(grid, far, longitude, latitude)


def test_positions_far_off_or_missing_are_outside_and_no_zone_at_all_is_allowed():
    grid = ZoneGrid.build({"Z": polygon(square(LON, LAT, LON + 0.001, LAT + 0.001))}, LON, LAT)
    odd = np.array([0.0, 179.9, -179.9, np.nan, np.inf, LON])
    assert grid.locate(odd, np.array([0.0, 80, -80, LAT, LAT, np.nan])).tolist() == [-1] * 6
    assert ZoneGrid.build({}, LON, LAT).locate(np.array([LON]), np.array([LAT])).tolist() == [-1]


def test_a_port_on_the_antimeridian_sees_both_sides_of_it():
    shape = polygon(square(179.999, -18.001, 180.001, -17.999))
    grid = ZoneGrid.build({"SUVA": shape}, 179.9995, -18.0)
    assert grid.locate(np.array([179.9995, -179.9995, -179.9985]), np.array([-18.0, -18.0, -18.0])).tolist() == [0, 0, -1]


def test_an_outline_of_two_corners_is_refused_with_its_name():
    with pytest.raises(SettingsError, match="zone 'LINE' has an outline of 2 corners"):
        ZoneGrid.build({"LINE": polygon([[LON, LAT], [LON + 1, LAT], [LON, LAT]])}, LON, LAT)


def test_distance_to_the_outline():
    k = math.pi / 180 * 6_371_008.8
    grid = ZoneGrid.build({"Z": polygon(square(LON, LAT, LON + 0.01, LAT + 100 / k))}, LON, LAT)
    assert grid.edge_distance_m(0, np.full(3, LON + 0.005), LAT + np.array([10, 50, 130]) / k) == pytest.approx([10, 50, 30])
