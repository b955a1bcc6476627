"""From position fixes to zone stays: runs of fixes within a UTC day (pieces), stitched over days into unbroken presences.

`pieces` looks at one UTC day of fixes and at nothing else, so a late fix recomputes one day; `stitch` looks at pieces only. A
truck's first and last run of a day carry their position even outside all zones, so the step over midnight is computed from the
same two fixes by the same formula: **splitting the fixes at midnights does not change a single microsecond of the answer**.

The rules, chosen on tracks with known truth (figures in tests/benchmarks/RESULTS.md), none of them per seed:
1. A run is consecutive fixes of one truck in one zone, no two further apart than SILENCE stay gaps: a receiver that falls silent
   and comes back in the same place did not see the truck leave. The stay gap is 180 s unless site.toml says `stay_gap_s`.
2. Between two fixes on different sides of an edge, at most the stay gap apart, the truck is taken to drive straight and evenly:
   the crossing is where that line meets the zone's edge. Holes and smaller zones on top count as they are drawn.
3. After a longer silence the edge lies half-way into it, at most EDGE_CAP stay gaps from the fix: nothing better is known. A truck
   that comes again more than a day later tells nothing of when it left: its edge is its fix, as if it had never come again. (So a
   late fix reaches no further back than a visit does, and a load day by day says what a rebuild says.)
4. Pieces of one truck and zone at most the stay gap apart are one stay, whatever was seen in between: a road goes on over a
   weighing of two minutes, which is a stay of its own. Stays of two zones may therefore overlap.
5. A presence that is only noise (short runs, all within NOISE_M of the outline) inside another stay is dropped; two stays that
   overlap by such noise are parted so that the first keeps as much of the overlap as the truck was seen in its zone.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

import numpy as np
import polars as pl

from etl import clock
from etl.contracts.facts import FCT_ZONE_STAYS
from etl.contracts.interim import INT_ZONE_PIECES
from etl.contracts.reference import Site
from etl.transform.zones import OUTSIDE, ZoneGrid

_SECOND = 1_000_000  # instants are integer microseconds throughout
_MINUTE, _DAY = 60 * _SECOND, 86_400 * _SECOND
EDGE_CAP = 1  # stay gaps: how far an edge may reach into a longer silence
SILENCE = 2 * EDGE_CAP + 1  # stay gaps: the silence whose two edges by rule 3 are one stay gap apart, so that rules 1 and 4 agree
LONGEST_SILENCE = _DAY  # see rule 3
SHORT_S = 60.0  # longer runs are no noise, however shallow
NOISE_M = 10.0  # the upper end of the 5-10 m a vehicle's receiver errs
_BUCKET = 400_000  # pieces stitched at a time: about 200 MB
QUEUE_REACH_S = 900.0  # a truck that leaves the queue reaches the gate within this, or it was not its queue

_STAY_COLUMNS = tuple(name for name in FCT_ZONE_STAYS.columns if name != "visit_id")


@dataclass(frozen=True)
class Ordered:
    """Fixes by truck and time: the plates, and per fix in that order its plate's number, its instant and the row it stands in."""

    plates: pl.Series
    truck: np.ndarray
    at: np.ndarray
    row: np.ndarray


def pieces(fixes: pl.DataFrame, grid: ZoneGrid, ordered: Ordered | None = None) -> pl.DataFrame:
    """Return INT_ZONE_PIECES of one UTC day of fixes (plate_key, fix_at, longitude_deg, latitude_deg), in any order, without duplicates.

    `ordered` (in_time_order of the same fixes) may be given to spare making it anew.
    """
    if fixes.is_empty():
        return INT_ZONE_PIECES.empty()
    longitude, latitude = fixes["longitude_deg"].to_numpy(), fixes["latitude_deg"].to_numpy()
    ordered = ordered or in_time_order(fixes)
    plates, truck, at, order = ordered.plates, ordered.truck, ordered.at, ordered.row
    zone = grid.locate(longitude, latitude)[order]
    gap = int(grid.gap_s * _SECOND)

    new_truck = np.empty(len(at), bool)
    new_truck[0], new_truck[1:] = True, truck[1:] != truck[:-1]
    starts = new_truck.copy()
    starts[1:] |= (zone[1:] != zone[:-1]) | (at[1:] - at[:-1] > SILENCE * gap)
    start = np.flatnonzero(starts)
    end = np.append(start[1:], len(at)) - 1
    is_first = new_truck[start]
    is_last = np.append(is_first[1:], True)
    entered, left = at[start].copy(), at[end].copy()
    inner = np.flatnonzero(~is_first)  # runs with a run of the same truck before them
    a, b = end[inner - 1], start[inner]
    left[inner - 1], entered[inner] = _edges_between(grid, zone[a], at[a], *_where(longitude, latitude, order[a]), zone[b], at[b], *_where(longitude, latitude, order[b]), gap)

    keep = (zone[start] != OUTSIDE) | is_first | is_last
    start, end, is_first, is_last = start[keep], end[keep], is_first[keep], is_last[keep]
    depth = _depths(grid, zone, at, start, end, order, longitude, latitude)
    instant = {"entered_at": entered[keep], "left_at": left[keep], "first_fix_at": at[start], "last_fix_at": at[end]}
    edge = {
        "first_longitude_deg": np.where(is_first, longitude[order[start]], np.nan), "first_latitude_deg": np.where(is_first, latitude[order[start]], np.nan),
        "last_longitude_deg": np.where(is_last, longitude[order[end]], np.nan), "last_latitude_deg": np.where(is_last, latitude[order[end]], np.nan),
    }  # fmt: skip
    frame = pl.DataFrame({**{name: _instants(value) for name, value in instant.items()}, "fixes_n": end - start + 1, "depth_m": depth, **edge})
    return INT_ZONE_PIECES.conform(
        frame.with_columns(
            pl.col("depth_m", *edge).fill_nan(None), pl.lit(grid.port_code).alias("port_code"),
            plates.gather(truck[start]).alias("plate_key"), grid.names(zone[start]),
        )
    )  # fmt: skip


def stitch(pieces: pl.DataFrame, site: Site, grid: ZoneGrid | None = None, named: frozenset[dt.date] | None = None) -> pl.DataFrame:
    """Return the columns of FCT_ZONE_STAYS but visit_id, from the pieces of any run of days, sorted by truck and entry.

    `grid` may be given to spare making it anew. Stays that begin before the first day given or end after the last are cut there:
    give a day of margin on each side and keep what lies within. Only stays entered on the local days `named` get their stay_id, if
    days are given: the margins are looked at, and a digest a stay is dear.
    """
    grid = grid or ZoneGrid.from_site(site)
    # Trucks do not know of each other: many pieces are stitched in buckets of trucks, in plate order, so that memory stays bounded.
    sizes = pieces.group_by("plate_key").len().sort("plate_key").with_columns(bucket=(pl.col("len").cum_sum() - 1) // _BUCKET)
    spans = sizes.group_by("bucket", maintain_order=True).agg(first=pl.col("plate_key").first(), last=pl.col("plate_key").last())
    if len(spans) <= 1:
        return _stitch(pieces, site, grid, named)
    plate = pl.col("plate_key")
    return pl.concat([_stitch(pieces.filter(plate.is_between(pl.lit(first), pl.lit(last))), site, grid, named) for _, first, last in spans.iter_rows()])


def _stitch(pieces: pl.DataFrame, site: Site, grid: ZoneGrid, named: frozenset[dt.date] | None) -> pl.DataFrame:
    known = pieces.filter(pl.col("zone_code").is_null() | pl.col("zone_code").is_in(grid.codes)).sort("plate_key", "first_fix_at")
    runs = _join_over_midnight(known, grid)
    if runs["entered"].size == 0:
        return FCT_ZONE_STAYS.empty().select(_STAY_COLUMNS)
    stays = _settle_edges(_merge(runs, grid))
    return _as_facts(stays, known["plate_key"], grid, site, named)


def queue_arrivals(stays: pl.DataFrame, site: Site) -> pl.DataFrame:
    """Return one row for each wait in the queue: plate_key, queue_arrived_at, queue_left_at, gate_entered_at.

    Stays in zones of kind `queue` less than 15 minutes apart, with nothing but road between, are one wait and count from the first.
    `gate_entered_at` is the entry into a zone of kind `gate` within 15 minutes of its end; where a silence hid the gate zone, it is
    the end of the wait. Whether the truck then really passed is the gate log's to say: join to the gate-in that follows.
    """
    kinds = site.tables["dim_zones"].select("zone_code", kind="zone_kind_code")
    seen = stays.select("plate_key", "zone_code", "entered_at", "left_at").join(kinds, on="zone_code", how="left").with_columns(pl.col("kind").fill_null("other"))
    seen = seen.filter(~pl.col("kind").is_in(["road", "other"])).sort("plate_key", "entered_at", "left_at")
    soon = pl.col("entered_at") - pl.col("left_at").shift(1).over("plate_key") <= pl.duration(seconds=QUEUE_REACH_S)
    goes_on = ((pl.col("kind") == "queue") & (pl.col("kind").shift(1).over("plate_key") == "queue") & soon).fill_null(False)
    gate_at = pl.when((pl.col("kind") == "gate") & soon).then("entered_at").shift(-1).over("plate_key")
    waits = seen.with_columns(wait=(~goes_on).cum_sum(), gate_at=gate_at).filter(pl.col("kind") == "queue")
    return (
        waits.group_by("plate_key", "wait", maintain_order=True)
        .agg(queue_arrived_at=pl.col("entered_at").first(), queue_left_at=pl.col("left_at").max(), gate_at=pl.col("gate_at").last())
        .select("plate_key", "queue_arrived_at", "queue_left_at", gate_entered_at=pl.coalesce("gate_at", "queue_left_at"))
    )  # fmt: skip


def thin(fixes: pl.DataFrame, ordered: Ordered | None = None) -> pl.DataFrame:
    """Return the first fix of each truck in each minute, sorted: enough to draw a visit's map, a fifth of the rows."""
    columns = ("plate_key", "fix_at", "longitude_deg", "latitude_deg")
    if fixes.is_empty():
        return fixes.select(columns)
    ordered = ordered or in_time_order(fixes)
    minute = ordered.at // _MINUTE
    first = np.append(True, (ordered.truck[1:] != ordered.truck[:-1]) | (minute[1:] != minute[:-1]))
    return fixes.select(columns)[ordered.row[first]]


def in_time_order(fixes: pl.DataFrame) -> Ordered:
    """Return the order of the fixes by truck and time; of at least one fix."""
    plates, number = _numbered(fixes["plate_key"])
    at = fixes["fix_at"].cast(pl.Datetime("us")).to_physical().to_numpy()
    first = int(at.min())
    bits = max(int(at.max()) - first, 1).bit_length()
    key = (number << bits) | (at - first)  # a day is 37 bits: room for 67 million trucks
    order = pl.Series(key).arg_sort().to_numpy()  # half the time of numpy's
    key = key[order]
    return Ordered(plates, key >> bits, (key & ((1 << bits) - 1)) + first, order)


def _numbered(texts: pl.Series) -> tuple[pl.Series, np.ndarray]:
    """Return the texts that occur, sorted, and the place of each text among them. Every text is looked up once."""
    code = texts.cast(pl.Categorical).to_physical().to_numpy()
    row = np.full(int(code.max()) + 1, -1)  # of each code: a row it stands in
    row[code] = np.arange(len(code))
    known = np.flatnonzero(row >= 0)
    found = texts.gather(row[known])
    order = found.arg_sort().to_numpy()
    place = np.empty(len(row), np.int64)
    place[known[order]] = np.arange(len(order))
    return found.gather(order), place[code]


def _where(longitude: np.ndarray, latitude: np.ndarray, row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return longitude[row], latitude[row]


def _edges_between(
    grid: ZoneGrid, zone_a: np.ndarray, at_a: np.ndarray, lon_a: np.ndarray, lat_a: np.ndarray,
    zone_b: np.ndarray, at_b: np.ndarray, lon_b: np.ndarray, lat_b: np.ndarray, gap: int,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Return when the truck left the zone of fix a and when it entered the zone of the next fix b (rules 2 and 3)."""
    apart = at_b - at_a
    reach = np.where(apart <= LONGEST_SILENCE, np.minimum(apart // 2, EDGE_CAP * gap), 0)
    left, entered = at_a + reach, at_b - reach
    line = np.flatnonzero((zone_a != zone_b) & (apart <= gap))
    if line.size:
        ends = (lon_a[line], lat_a[line], lon_b[line], lat_b[line])
        left[line] = at_a[line] + np.rint(grid.way_out(zone_a[line], *ends) * apart[line]).astype(np.int64)
        entered[line] = at_b[line] - np.rint(grid.way_out(zone_b[line], *ends[2:], *ends[:2]) * apart[line]).astype(np.int64)
    return left, np.maximum(entered, left)


def _depths(grid: ZoneGrid, zone: np.ndarray, at: np.ndarray, start: np.ndarray, end: np.ndarray, order: np.ndarray, longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """Return how far the deepest fix of each short run lies from its zone's outline; NaN for longer runs and outside."""
    depth = np.full(len(start), np.nan)
    short = np.flatnonzero((zone[start] != OUTSIDE) & (at[end] - at[start] <= SHORT_S * _SECOND))
    n = end[short] - start[short] + 1
    owner = np.repeat(short, n)
    row = order[np.repeat(start[short] - np.cumsum(n) + n, n) + np.arange(len(owner))]
    depth[short] = 0.0
    for each in np.unique(zone[start[short]]):
        mine = zone[start[owner]] == each
        np.maximum.at(depth, owner[mine], grid.edge_distance_m(int(each), longitude[row[mine]], latitude[row[mine]]))
    return depth


def _join_over_midnight(known: pl.DataFrame, grid: ZoneGrid) -> dict[str, np.ndarray]:
    """Return the runs as arrays, those over midnight joined as if the days had never been apart; runs outside all zones dropped."""
    numbers = {code: number for number, code in enumerate(grid.codes)}
    zone = known["zone_code"].replace_strict(numbers, default=None, return_dtype=pl.Int32).fill_null(OUTSIDE).to_numpy()
    truck = known["plate_key"].rle_id().to_numpy().astype(np.int64)
    entered, left, first, last = (known[name].cast(pl.Datetime("us")).to_physical().to_numpy().copy() for name in ("entered_at", "left_at", "first_fix_at", "last_fix_at"))
    gap = int(grid.gap_s * _SECOND)
    ends = [known[name].to_numpy() for name in ("last_longitude_deg", "last_latitude_deg", "first_longitude_deg", "first_latitude_deg")]
    ends_and_begins = ~np.isnan(ends[0][:-1]) & ~np.isnan(ends[2][1:])  # the last run of a truck's day, then the first of its next
    b = np.flatnonzero((truck[1:] == truck[:-1]) & (first[1:] // _DAY > last[:-1] // _DAY) & ends_and_begins) + 1
    a = b - 1
    left[a], entered[b] = _edges_between(grid, zone[a], last[a], ends[0][a], ends[1][a], zone[b], first[b], ends[2][b], ends[3][b], gap)
    goes_on = np.zeros(len(zone), bool)
    goes_on[b] = (zone[a] == zone[b]) & (first[b] - last[a] <= SILENCE * gap)
    start = np.flatnonzero(~goes_on)
    runs = {
        "row": start, "truck": truck[start], "zone": zone[start], "entered": entered[start], "left": _last_of(left, start),
        "fixes_n": _reduce(np.add, known["fixes_n"].to_numpy(), start), "depth": _reduce(np.maximum, known["depth_m"].fill_null(np.inf).to_numpy(), start),
    }  # fmt: skip
    return {name: value[runs["zone"] != OUTSIDE] for name, value in runs.items()}


def _last_of(values: np.ndarray, start: np.ndarray) -> np.ndarray:
    return values[np.append(start[1:], len(values)) - 1] if start.size else values[:0]


def _reduce(function: np.ufunc, values: np.ndarray, start: np.ndarray) -> np.ndarray:
    return function.reduceat(values, start) if start.size else values[:0]


def _merge(runs: dict[str, np.ndarray], grid: ZoneGrid) -> dict[str, np.ndarray]:
    """Rule 4: runs of one truck and zone at most the stay gap apart are one stay. Sorted by truck and entry."""
    runs |= {"inside": runs["left"] - runs["entered"]}
    order = _in_order(runs["truck"] * (len(grid.codes) + 1) + runs["zone"], runs["entered"])
    runs = {name: value[order] for name, value in runs.items()}
    same = (runs["truck"][1:] == runs["truck"][:-1]) & (runs["zone"][1:] == runs["zone"][:-1])
    near = runs["entered"][1:] - runs["left"][:-1] <= int(grid.gap_s * _SECOND)
    start = np.flatnonzero(np.append(True, ~(same & near)))
    stays = {name: runs[name][start] for name in ("row", "truck", "zone", "entered")}
    stays |= {name: _reduce(np.add, runs[name], start) for name in ("fixes_n", "inside")}
    stays |= {"left": _last_of(runs["left"], start), "depth": _reduce(np.maximum, runs["depth"], start)}
    stays |= {"first_depth": runs["depth"][start], "last_depth": _last_of(runs["depth"], start)}
    return _in_entry_order(stays)


def _in_entry_order(stays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    order = _in_order(stays["truck"], stays["entered"], -stays["left"], stays["zone"])
    return {name: value[order] for name, value in stays.items()}


def _in_order(owner: np.ndarray, at: np.ndarray, *ties: np.ndarray) -> np.ndarray:
    """Return the order by owner, instant and, where both are equal, `ties`: one sort of one number instead of one sort a column."""
    first = int(at.min()) if at.size else 0
    bits = max(int(at.max(initial=first)) - first, 1).bit_length()
    if int(owner.max(initial=0)).bit_length() + bits > 63:
        return np.lexsort((*reversed(ties), at, owner))
    key = (owner.astype(np.int64) << bits) | (at - first)
    order = np.argsort(key, kind="stable")
    key = key[order]
    same = key[1:] == key[:-1]
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same)) if ties else np.empty(0, np.int64)
    if tied.size:
        rows = order[tied]
        order[tied] = rows[np.lexsort((*(values[rows] for values in reversed(ties)), key[tied]))]
    return order


def _settle_edges(stays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Rule 5: drop noise at an edge, and part two stays that overlap by it so that the first keeps the time the truck was seen in its zone."""
    base = stays["entered"].min()
    end = stays["left"] - base + stays["truck"] * (int(stays["left"].max() - base) + 1)
    within = np.append(False, np.maximum.accumulate(end)[:-1] >= end[1:])  # another stay of the truck began before and ends after it
    stays = {name: value[~(within & (stays["depth"] <= NOISE_M))] for name, value in stays.items()}
    entered, left = stays["entered"], stays["left"]
    by_noise = (stays["last_depth"][:-1] <= NOISE_M) | (stays["first_depth"][1:] <= NOISE_M)
    a = np.flatnonzero((stays["truck"][1:] == stays["truck"][:-1]) & (entered[1:] < left[:-1]) & (left[1:] > left[:-1]) & by_noise)
    own = np.clip(stays["inside"][a] - (entered[a + 1] - entered[a]), 0, left[a] - entered[a + 1])
    left[a] = entered[a + 1] = entered[a + 1] + own
    return _in_entry_order(stays)


def _as_facts(stays: dict[str, np.ndarray], plates: pl.Series, grid: ZoneGrid, site: Site, named: frozenset[dt.date] | None) -> pl.DataFrame:
    frame = pl.DataFrame(
        {
            "port_code": pl.Series([site.port_code], dtype=pl.String).new_from_index(0, len(stays["row"])), "plate_key": plates.gather(stays["row"]),
            "zone_code": grid.names(stays["zone"]), "entered_at": _instants(stays["entered"]), "left_at": _instants(stays["left"]),
            "stay_min": (stays["left"] - stays["entered"]) / _MINUTE, "fixes_n": stays["fixes_n"],
        }
    )  # fmt: skip
    local = clock.to_local(frame["entered_at"], site.zone_name)
    marks = frame.select(pl.concat_str("port_code", "plate_key", "zone_code", pl.col("entered_at").to_physical(), separator="|")).to_series()
    days = local.dt.date()
    if named is not None:
        marks = marks.set(~days.is_in(pl.Series(sorted(named), dtype=pl.Date).implode()), None)
    return frame.with_columns(
        pl.Series("stay_id", [mark and hashlib.sha256(mark).hexdigest()[:16] for mark in marks.cast(pl.Binary).to_list()], dtype=pl.String),
        days.alias("entered_day"), local.dt.hour().cast(pl.Int64).alias("entered_hour"), local.dt.weekday().cast(pl.Int64).alias("entered_weekday"),
    ).select(_STAY_COLUMNS)  # fmt: skip


def _instants(microseconds: np.ndarray) -> pl.Series:
    return pl.Series(microseconds, dtype=pl.Int64).cast(pl.Datetime("us"))
