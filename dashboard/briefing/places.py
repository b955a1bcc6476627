"""Chapters on places: hours lost at service points, zones by hour, the map, incidents. Store in, sections out; nothing is drawn here."""

from __future__ import annotations

import json
import math
from itertools import pairwise

import polars as pl

from dashboard import format as words
from dashboard.briefing.brief import Brief
from dashboard.briefing.deck import THIN, Bar, Bars, Ground, Heat, Section, Shade, Table, Zone, Zones
from dashboard.metrics import Result
from dashboard.views import map as port_map
from etl.contracts.codes import LOGBOOK

STAYS = ("congestion_index", "stays", "stay_p50")
SHOWN_PLACES, SHOWN_INCIDENTS, SHOWN_ZONES = 8, 8, 12
_GROUND = {"sea": "#DCE8EE", "land": "#F4F2EC", "quay": "#E6E2D8", "road": "#FFFFFF"}


def lost(b: Brief) -> Section:
    """Truck-hours above free flow by service point."""
    say = b.say
    result = b.ask(("lost_hours",), by=("place",))
    rows, title = result.rows.filter(pl.col("lost_hours").is_not_null()).sort("lost_hours", descending=True).to_dicts(), say("Lost truck-hours by service point")
    total = sum(row["lost_hours"] for row in rows)
    if not total:
        return b.lacks("lost", title, say("No data for this selection."))
    finding = say(
        "{hours} truck-hours above free flow were lost at service points, {share} of them at {place}.",
        hours=b.number(total), share=words.share(rows[0]["lost_hours"] / total, b.lang), place=b.place(rows[0]["place"]),
    )  # fmt: skip
    shown = rows[: 3 if b.is_short else SHOWN_PLACES]
    bars = [
        Bar(b.place(row["place"]), row["lost_hours"], f"{words.value(row['lost_hours'], 'hours', b.lang)} · {words.share(row['lost_hours'] / total, b.lang)}", is_thin=row["lost_hours__n"] < port_map.MIN_N)
        for row in shown
    ]  # fmt: skip
    if rest := rows[len(shown) :]:
        hours = sum(row["lost_hours"] for row in rest)
        bars.append(Bar(say("{n} others", n=b.number(len(rest))), hours, f"{words.value(hours, 'hours', b.lang)} · {words.share(hours / total, b.lang)}", is_thin=True))
    text = () if b.is_short else (say("Lost is what exceeds free flow (the 15th percentile of the point over 12 weeks), added up over all trucks; for a terminal its whole turn, because its log notes no wait."),)
    return b.section("lost", title, finding, result, figures=(Bars(tuple(bars), say("h"), finding),), text=text, n=say("n = {n} passages", n=b.number(result.n)))


def _stays(b: Brief) -> tuple[Result, Result]:
    """Congestion of the zones, over all hours and by hour of the day, in one pass."""
    return b.store.ask_each(b.selection, STAYS, [("zone",), ("zone", "hour")])


def _shades(b: Brief) -> tuple[Shade, ...]:
    """The classes of congestion with their limits in figures."""

    def limit(value: float) -> str:
        return words.number(value, b.lang, 2).rstrip("0").rstrip(",.")

    starts = [start for start, _ in port_map.CLASSES]
    said = [f"< {limit(starts[1])}", *(f"{limit(low)} – {limit(high)}" for low, high in pairwise(starts[1:])), f"≥ {limit(starts[-1])}"]
    return tuple(Shade(colour, words.isolate(text)) for (_, colour), text in zip(port_map.CLASSES, said, strict=True))


def hours(b: Brief) -> Section:
    """Zone by hour of the day, by class; thin cells grey."""
    say = b.say
    whole, by_hour = _stays(b)
    title = say("Zones by hour of the day")
    zones = [row["zone"] for row in whole.rows.sort("stays", descending=True).to_dicts() if row["stays"]][:SHOWN_ZONES]
    if not zones:
        return b.lacks("hours", title, say("No truck position was received in this period."))
    cells = {(row["zone"], int(row["hour"])): row for row in by_hour.rows.iter_rows(named=True) if row["stays"] and row["hour"] is not None}

    def class_at(zone: str, hour: int) -> int | None:
        row = cells.get((zone, hour))
        number = port_map.class_of(row["congestion_index"], int(row["stays"])) if row else None
        return None if row is None else THIN if number is None else number

    classes = tuple(tuple(class_at(zone, hour) for hour in range(24)) for zone in zones)
    values = tuple(tuple(cells[zone, hour]["congestion_index"] if (zone, hour) in cells and given not in (None, THIN) else None for hour, given in enumerate(row)) for zone, row in zip(zones, classes, strict=True))
    thin = sum(given == THIN for row in classes for given in row)
    known = [(value, zone, hour) for zone, row in zip(zones, values, strict=True) for hour, value in enumerate(row) if value is not None]
    if known:
        index, zone, hour = max(known)
        n = cells[zone, hour]["stays"]
        finding = say("Slowest cell: {row} at {when}, {index} times free flow (n = {n}). {thin} cells are grey for want of stays.", row=b.name("zone", zone), when=say("{h} h", h=hour), index=b.number(index, 1), n=b.number(n), thin=b.number(thin))
    else:
        finding = say("No cell has 20 stays or more; all {thin} cells with data are grey.", thin=b.number(thin))
    heat = Heat(tuple(b.name("zone", zone) for zone in zones), tuple(str(hour) for hour in range(24)), classes, values, _shades(b), say("Fewer than 20 stays"), finding)
    return b.section("hours", title, finding, by_hour, figures=(heat,), text=(say("Median stay against free flow. Grey cells rest on fewer than 20 stays."),), n=say("n = {n} stays of tracked trucks", n=b.number(whole.n)))


def plan(b: Brief) -> Section:
    """The port as outlines, zones coloured by their congestion over the whole period."""
    say = b.say
    zones, (whole, _) = b.store.table("dim_zones"), _stays(b)
    title = say("The port, by zone")
    if zones.is_empty():
        return b.lacks("plan", title, say("This port has no zones yet: add reference/zones.geojson to its site folder."))
    found = {row["zone"]: row for row in whole.rows.iter_rows(named=True)}
    state = {code: (found[code]["congestion_index"], int(found[code]["stays"] or 0)) if code in found else (None, 0) for code in zones["zone_code"]}
    order = sorted(zones.to_dicts(), key=lambda zone: (port_map.class_of(*state[zone["zone_code"]]) is None, -(state[zone["zone_code"]][0] or 0)))
    place, height = _scale([point for text in zones["geometry"] for ring in port_map.rings(text) for point in ring])
    drawn = []
    for number, zone in enumerate(order, start=1):
        index, n = state[zone["zone_code"]]
        shade = port_map.class_of(index, n)
        text = say("No stay seen") if not n else words.isolate(f"×{b.number(index, 1)} · {b.n(n)}") if shade is not None else b.n(n)
        outlines = tuple(tuple(place(point) for point in ring) for ring in port_map.rings(zone["geometry"]))
        drawn.append(Zone(zone["zone_code"], str(number), port_map.zone_name(zone, b.lang), text, shade, outlines, place(port_map.middle(zone["geometry"]))))
    # A road's short hops and its stays that bridge a weighing are two kinds of stay: their 15th percentile is no free flow to judge by.
    roads = {zone["zone_code"] for zone in order if zone["zone_kind_code"] == "road"}
    slowest = next((zone for zone in drawn if zone.shade is not None and zone.code not in roads), None)
    finding = say("No truck position was received in this period, so zones have no colour. Choose dates with tracking.") if not whole.n else say("No zone has 20 stays or more, so none is coloured.") if slowest is None else say(
        "Roads aside, stays are longest against free flow in {zone}: {index} times.", zone=slowest.name, index=b.number(state[slowest.code][0], 1),
    )  # fmt: skip
    figure = Zones(tuple(drawn), _ground(b, place), height, _shades(b), say("Fewer than 20 stays"), finding)
    return b.section("plan", title, finding, whole, figures=(figure,), text=(say("Outlines are approximate, drawn by hand."),), n=say("n = {n} stays of tracked trucks", n=b.number(whole.n)))


def _scale(points: list) -> tuple:
    """How a longitude and latitude become (x, y) with x from 0 to 1, and the height of the drawing, with some air around."""
    west, east = min(point[0] for point in points), max(point[0] for point in points)
    south, north = min(point[1] for point in points), max(point[1] for point in points)
    squeeze = math.cos(math.radians((south + north) / 2))
    wide = (east - west) * squeeze * 1.06 or 1.0
    air = wide * 0.03 / 1.06

    def place(point: object) -> tuple[float, float]:
        return round(((point[0] - west) * squeeze + air) / wide, 5), round(((north - point[1]) + air) / wide, 5)

    return place, round((north - south + 2 * air) / wide, 5)


def _ground(b: Brief, place: object) -> tuple[Ground, ...]:
    """Sea, land, quays and roads a site brings as reference/basemap.geojson; none where it brings none."""
    path = b.store.settings.site / "reference" / "basemap.geojson"
    if not path.is_file():
        return ()
    found = []
    for feature in json.loads(path.read_text("utf-8"))["features"]:
        shape, kind = feature["geometry"], feature["properties"].get("kind", "")
        is_line = shape["type"] in ("LineString", "MultiLineString")
        lines = ([shape["coordinates"]] if shape["type"] == "LineString" else shape["coordinates"]) if is_line else port_map.rings(shape)
        found.append(Ground(_GROUND.get(kind, "#EEEBE3"), tuple(tuple(place(point) for point in line) for line in lines), is_line))
    return tuple(found)


def incidents(b: Brief) -> Section:
    """Closures, outages and strikes of the logbook; tickets of single trucks are not told."""
    say, title = b.say, b.say("Logbook")
    if "logbook" not in b.store.table("meta_freshness")["source_code"]:
        return b.lacks("incidents", title, say("This port has sent no logbook."))
    rows = [row for row in b.store.rows("logbook", b.whole_port()).to_dicts() if row["logbook_code"] != "trouble_ticket"]
    if not rows:
        return b.section("incidents", title, say("No closure, incident or outage is noted in this period."), n=b.n(0), sources=("logbook",))
    table = tuple(
        (words.moment(row["started_local_at"], b.lang), b.coded(LOGBOOK, row["logbook_code"]), b.place(row["place_code"]) or say("whole port"), words.moment(row["ended_local_at"], b.lang) if row["ended_local_at"] else say("still going on"))
        for row in rows[-SHOWN_INCIDENTS:]
    )  # fmt: skip
    finding = say.plural("{n} closure, incident or outage is noted in this period.", "{n} closures, incidents and outages are noted in this period.", len(rows))
    figure = Table((say("Since"), say("Event"), say("Where"), say("Until")), table, finding)
    return b.section("incidents", title, finding, figures=(figure,), n=b.n(len(rows)), sources=("logbook",))
