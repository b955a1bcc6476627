"""The port map, offline: our own MapLibre style with the zones inline, deck.gl layers over it, and a plain drawing for screens without WebGL.

Frames in, deck or figure out: no Streamlit, no SQL. Nothing here names a host: the base style is a data URI, labels are drawn by deck.gl with
the browser's own fonts, and no sprite or glyph server is declared. Outlines drawn by hand say so (`is_approximate`).
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import arabic_reshaper
import polars as pl
import pydeck as pdk
from bidi.algorithm import get_display
from pydeck.bindings import deck as pdk_deck

from dashboard.format import name
from dashboard.views import theme

# Congestion classes: the index from which each holds, and its colour. Lightness falls steadily from class to class (the order survives every
# colour blindness and a black and white print) and every zone also carries its figure as text.
CLASSES: tuple[tuple[float, str], ...] = ((0.0, "#F6E8C9"), (1.25, "#F2C084"), (1.5, "#E58A5C"), (2.0, "#BC4A62"), (3.0, "#5E1F57"))
NO_DATA = "#C9CED6"
MIN_N = 20
_SEA, _LAND, _QUAY, _LINE, _INK = "#DCE8EE", "#F4F2EC", "#E6E2D8", "#8A94A3", "#22303F"
_BASE_FILLS = {"sea": _SEA, "land": _LAND, "quay": _QUAY, "road": "#FFFFFF", "berth": "#D3E2EA", "queue": "#EFEBE1", "terminal": "#EAE6DB"}
_FONT = "'IBM Plex Sans', 'IBM Plex Sans Arabic', 'Noto Sans', sans-serif"
_MARKS = re.compile("[\u200e\u200f\u2066-\u2069]")  # would be drawn as empty boxes
_ARABIC = re.compile("[\u0600-\u06ff]")
Translate = Callable[[str], str]
# pydeck looks for its notebook widget at every property of a map, and where there is none reads and compiles that module anew, five times a map.
pdk_deck.has_jupyter_extra = lru_cache(pdk_deck.has_jupyter_extra)


@dataclass(frozen=True)
class ZoneState:
    """What one zone shows: its congestion index (None is no data), the stays behind it, trucks inside, and the line of its tooltip."""

    index: float | None
    n: int
    label: str = ""
    about: str = ""


def class_of(index: float | None, n: int) -> int | None:
    """Return the congestion class (0 is free flow), or None where there are fewer than MIN_N stays or no index."""
    if index is None or n < MIN_N or not math.isfinite(index):
        return None
    return max(number for number, (start, _) in enumerate(CLASSES) if index >= start or number == 0)


def colour_of(index: float | None, n: int) -> str:
    number = class_of(index, n)
    return NO_DATA if number is None else CLASSES[number][1]


def zone_name(zone: Mapping[str, object], language: str) -> str:
    return name(str(zone.get(f"name_{language}") or zone.get("name_en") or zone["zone_code"]))


def rings(geometry: str | Mapping) -> list[list[list[float]]]:
    """Return the outer rings of a GeoJSON Polygon or MultiPolygon."""
    shape = json.loads(geometry) if isinstance(geometry, str) else geometry
    polygons = [shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"]
    return [polygon[0] for polygon in polygons]


def middle(geometry: str | Mapping) -> tuple[float, float]:
    """Return the area centroid (longitude, latitude) of the largest outer ring: where a zone's label stands."""
    best, largest = (0.0, 0.0), -1.0
    for ring in rings(geometry):
        x0, y0 = ring[0][0], ring[0][1]
        area = x = y = 0.0
        for (ax, ay, *_a), (bx, by, *_b) in zip(ring, [*ring[1:], ring[0]], strict=True):
            cross = (ax - x0) * (by - y0) - (bx - x0) * (ay - y0)
            area += cross
            x += (ax + bx - 2 * x0) * cross
            y += (ay + by - 2 * y0) * cross
        if abs(area) > largest:
            largest = abs(area)
            best = (x0 + x / (3 * area), y0 + y / (3 * area)) if area else (x0, y0)
    return best


def _bounds(zones: pl.DataFrame) -> tuple[float, float, float, float]:
    points = [point for text in zones["geometry"] for ring in rings(text) for point in ring]
    xs, ys = [point[0] for point in points], [point[1] for point in points]
    return min(xs), min(ys), max(xs), max(ys)


def view_of(zones: pl.DataFrame, width_px: int = 900, height_px: int = 460) -> pdk.ViewState:
    """Return the view that shows every zone, with some air, in a picture of that size (Web Mercator, 512 px tiles)."""
    if zones.is_empty():
        return pdk.ViewState(longitude=0, latitude=0, zoom=1)
    west, south, east, north = _bounds(zones)
    latitude = (south + north) / 2
    wide = max((east - west) * 1.18, 1e-4)
    tall = max((north - south) * 1.25 / math.cos(math.radians(latitude)), 1e-4)
    zoom = min(math.log2(360 * width_px / 512 / wide), math.log2(360 * height_px / 512 / tall))
    return pdk.ViewState(longitude=(west + east) / 2, latitude=latitude, zoom=round(min(zoom, 17), 2), pitch=0, bearing=0, max_zoom=19, min_zoom=max(zoom - 3, 0))


def base_style(zones: pl.DataFrame, basemap: Mapping | None = None) -> str:
    """Return the MapLibre style as a data URI: sea, land and quays of `basemap` (GeoJSON, property `kind`) where a site brings one, then the zones' ground.

    No glyphs, sprite or tiles: nothing to fetch.
    """
    ground = [
        {"type": "Feature", "properties": {"kind": row["zone_kind_code"]}, "geometry": json.loads(row["geometry"])} for row in zones.to_dicts()
    ]  # fmt: skip
    fills = ["match", ["get", "kind"], *[part for pair in _BASE_FILLS.items() for part in pair], "#EEEBE3"]
    sources = {"ground": {"type": "geojson", "data": {"type": "FeatureCollection", "features": ground}}}
    layers: list[dict] = [{"id": "background", "type": "background", "paint": {"background-color": _SEA if basemap else _LAND}}]
    if basemap:
        sources["base"] = {"type": "geojson", "data": basemap}
        layers.append({"id": "base", "type": "fill", "source": "base", "paint": {"fill-color": fills, "fill-outline-color": "#C8CFD6"}})
        road = {"line-color": "#FFFFFF", "line-width": 3}
        layers.append({"id": "roads", "type": "line", "source": "base", "filter": ["==", ["geometry-type"], "LineString"], "paint": road})
    layers.append({"id": "ground", "type": "fill", "source": "ground", "paint": {"fill-color": fills}})
    layers.append({"id": "edges", "type": "line", "source": "ground", "paint": {"line-color": _LINE, "line-width": 1}})
    style = {"version": 8, "name": "port", "sources": sources, "layers": layers}
    return "data:application/json;base64," + base64.b64encode(json.dumps(style, separators=(",", ":")).encode()).decode()


def _rgba(colour: str, alpha: int) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)] + [alpha]


def shaped(text: str) -> str:
    """Arabic letters joined and in the order of drawing: deck.gl sets one letter after the other, from the left. Other text stays as it is."""
    if not _ARABIC.search(text):
        return text
    return "\n".join(get_display(_joined().reshape(line)) for line in _MARKS.sub("", text).split("\n"))


@lru_cache(maxsize=1)
def _joined() -> arabic_reshaper.ArabicReshaper:
    return arabic_reshaper.ArabicReshaper()


def label_layer(rows: Sequence[Mapping[str, object]], name: str = "labels", size: int = 12) -> pdk.Layer:
    """Return a text layer of rows `position`, `text`, `offset` (px). `character_set` auto makes accents and Arabic letters appear."""
    return pdk.Layer(
        "TextLayer", data=[{"offset": [0, 0], **row, "text": shaped(str(row["text"]))} for row in rows], id=name, get_position="position", get_text="text", get_size=size, get_color=_rgba(_INK, 255), background=True,
        get_background_color=[255, 255, 255, 225], background_padding=[4, 2, 4, 2], character_set=pdk.types.String("auto"),
        font_family=pdk.types.String(_FONT), font_weight=600, line_height=1.15, pickable=False, get_pixel_offset="offset",
    )  # fmt: skip


def placed(rows: Sequence[Mapping[str, object]], view: pdk.ViewState, size: int = 12) -> list[dict[str, object]]:
    """Return label rows moved apart (`offset`, px) so that none covers another at `view`; first rows keep the best places.

    A label that finds no free place within three lines of its zone is left out: the zone's tooltip and the table still name it.
    """
    scale = 512 * 2**view.zoom / 360
    squeeze = 1 / math.cos(math.radians(view.latitude))
    boxes: list[tuple[float, float, float, float]] = []
    kept = []
    for row in rows:
        lines = str(row["text"]).split("\n")
        wide, tall = max(len(line) for line in lines) * size * 0.56 + 10, len(lines) * size * 1.2 + 6
        x, y = row["position"][0] * scale, -row["position"][1] * scale * squeeze
        tries = [(0, 0), *((dx, sign * step * (tall / 2 + 5)) for step in (1, 2, 3) for sign in (-1, 1) for dx in (0, wide / 2, -wide / 2))]
        for dx, dy in tries:
            box = (x + dx - wide / 2, y + dy - tall / 2, x + dx + wide / 2, y + dy + tall / 2)
            if not any(box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3] for other in boxes):
                boxes.append(box)
                kept.append({**row, "offset": [round(dx), round(dy)]})
                break
    return kept


def base_deck(
    zones: pl.DataFrame, *, language: str = "en", layers: Sequence[pdk.Layer] = (), basemap: Mapping | None = None, labels: bool = True,
    view: pdk.ViewState | None = None, tooltip: bool | Mapping = True,
) -> pdk.Deck:  # fmt: skip
    """Return the offline port map with `layers` on it. `zones` is dim_zones; every layer must have an id.

    `labels` draws the zone names over everything. Raises ValueError for a layer without an id (its selection would be lost in silence).
    """
    if any(not getattr(layer, "id", None) for layer in layers):
        raise ValueError("every map layer needs an id")
    drawn = list(layers)
    if labels and not zones.is_empty():
        rows = [{"position": list(middle(zone["geometry"])), "text": zone_name(zone, language)} for zone in _large_first(zones)]
        drawn.append(label_layer(placed(rows, view_of(zones))))
    return pdk.Deck(
        layers=drawn, initial_view_state=view or view_of(zones), map_provider="carto", map_style=base_style(zones, basemap),
        tooltip=tooltip if tooltip is not True else {"html": "<b>{name}</b><br/>{about}", "style": {"fontSize": "0.8rem", "maxWidth": "18rem"}},
    )  # fmt: skip


def zone_layer(zones: pl.DataFrame, states: Mapping[str, ZoneState], language: str) -> pdk.Layer:
    """Return the zones coloured by their state; grey where the index is unknown or rests on fewer than MIN_N stays."""
    features = []
    for zone in zones.to_dicts():
        state = states.get(zone["zone_code"], ZoneState(None, 0))
        known = class_of(state.index, state.n) is not None
        features.append(
            {
                "type": "Feature", "geometry": json.loads(zone["geometry"]),
                "properties": {
                    "zone_code": zone["zone_code"], "name": zone_name(zone, language), "about": state.about,
                    "fill": _rgba(colour_of(state.index, state.n), 225 if known else 120), "edge": _rgba(_INK if known else _LINE, 255),
                },
            }
        )  # fmt: skip
    return pdk.Layer(
        "GeoJsonLayer", data={"type": "FeatureCollection", "features": features}, id="zones", pickable=True, stroked=True, filled=True,
        get_fill_color="properties.fill", get_line_color="properties.edge", line_width_min_pixels=1, auto_highlight=True,
        parameters={"depthCompare": "always", "depthWriteEnabled": False},
    )  # fmt: skip


def incident_layer(incidents: Sequence[Mapping[str, object]]) -> pdk.Layer:
    """Return dark plates above the places with a logbook entry at that hour. Rows: `position`, `text`, `name`, `about`."""
    return pdk.Layer(
        "TextLayer", data=[{**row, "text": shaped(str(row["text"]))} for row in incidents], id="incidents", get_position="position", get_text="text", get_size=12, get_color=[255, 255, 255, 255], background=True,
        get_background_color=_rgba(_INK, 245), background_padding=[6, 3, 6, 3], character_set=pdk.types.String("auto"), font_weight=600,
        font_family=pdk.types.String(_FONT), get_pixel_offset=[0, -34], pickable=True,
    )  # fmt: skip


def class_rank(state: ZoneState | None) -> int:
    """Order labels by what matters: the slowest zones first, zones without a colour last."""
    number = None if state is None else class_of(state.index, state.n)
    return -1 if number is None else number


def _large_first(zones: pl.DataFrame) -> list[dict]:
    """The zones by the extent of their outline, largest first: small ones make way for them."""

    def extent(zone: dict) -> float:
        points = [point for ring in rings(zone["geometry"]) for point in ring]
        xs, ys = [point[0] for point in points], [point[1] for point in points]
        return (max(xs) - min(xs)) * (max(ys) - min(ys))

    return sorted(zones.to_dicts(), key=extent, reverse=True)


def congestion_deck(
    zones: pl.DataFrame, states: Mapping[str, ZoneState], *, language: str = "en", incidents: Sequence[Mapping[str, object]] = (), basemap: Mapping | None = None,
    width_px: int = 900,
) -> pdk.Deck:  # fmt: skip
    """Return the map of one hour: zones by congestion class, each with its name and figure, and a dark plate where an incident is open."""
    layers = [zone_layer(zones, states, language)]
    if incidents:
        layers.append(incident_layer(incidents))
    labels = []
    for zone in sorted(_large_first(zones), key=lambda zone: -class_rank(states.get(zone["zone_code"]))):
        state = states.get(zone["zone_code"])
        text = zone_name(zone, language) + (f"\n{state.label}" if state and state.label else "")
        labels.append({"position": list(middle(zone["geometry"])), "text": text})
    view = view_of(zones, width_px)
    layers.append(label_layer(placed(labels, view)))
    return base_deck(zones, language=language, layers=layers, basemap=basemap, labels=False, view=view)


def shape_figure(zones: pl.DataFrame, states: Mapping[str, ZoneState], *, language: str = "en", height: int = 460, width_px: int = 900) -> theme.Figure:
    """Return the same picture as a plain drawing (SVG): for browsers without WebGL, where a deck.gl map is blank and silent."""
    data: list[dict] = []
    for zone in zones.to_dicts():
        state = states.get(zone["zone_code"], ZoneState(None, 0))
        name = zone_name(zone, language)
        for ring in rings(zone["geometry"]):
            closed = [*ring, ring[0]]
            data.append(
                {
                    "type": "scatter", "mode": "lines", "x": [point[0] for point in closed], "y": [point[1] for point in closed], "fill": "toself",
                    "fillcolor": colour_of(state.index, state.n), "line": {"color": _INK, "width": 1}, "hoveron": "fills", "hoverinfo": "text",
                    "text": f"{name}<br>{state.about}", "showlegend": False, "name": name,
                }
            )  # fmt: skip
    labels = []
    for zone in sorted(_large_first(zones), key=lambda zone: -class_rank(states.get(zone["zone_code"]))):
        state = states.get(zone["zone_code"])
        labels.append({"position": list(middle(zone["geometry"])), "text": zone_name(zone, language) + (f"\n{state.label}" if state and state.label else "")})
    notes = [
        {
            "x": row["position"][0], "y": row["position"][1], "xshift": row["offset"][0], "yshift": -row["offset"][1], "text": str(row["text"]).replace("\n", "<br>"),
            "showarrow": False, "font": {"size": 11, "color": _INK}, "bgcolor": "rgba(255,255,255,.88)", "borderpad": 2,
        }
        for row in placed(labels, view_of(zones, width_px, height), 11)
    ]  # fmt: skip
    scale = 1.0
    if not zones.is_empty():
        _, south, _, north = _bounds(zones)
        scale = 1 / math.cos(math.radians((south + north) / 2))
    hidden = {"visible": False, "showgrid": False, "zeroline": False}
    layout = {
        "height": height, "margin": {"l": 0, "r": 0, "t": 0, "b": 0}, "xaxis": hidden, "yaxis": {**hidden, "scaleanchor": "x", "scaleratio": scale},
        "annotations": notes, "plot_bgcolor": _LAND, "paper_bgcolor": "rgba(0,0,0,0)", "dragmode": "pan",
    }  # fmt: skip
    return theme.figure(data, layout)


def legend_html(translate: Translate, number: Callable[[float], str] = lambda value: f"{value:g}") -> str:
    """Return the legend: one swatch a class with its limits in figures, and the grey one."""
    items = []
    for position, (start, colour) in enumerate(CLASSES):
        end = CLASSES[position + 1][0] if position + 1 < len(CLASSES) else None
        words = f"&lt; {number(CLASSES[1][0])}" if position == 0 else (f"{number(start)} – {number(end)}" if end else f"≥ {number(start)}")
        items.append((colour, f'<span dir="ltr">{words}</span>'))
    items.append((NO_DATA, translate("Fewer than 20 stays")))
    spans = "".join(
        f'<span style="display:inline-flex;align-items:center;gap:.35rem;white-space:nowrap"><i style="inline-size:1rem;block-size:.8rem;border-radius:3px;'
        f'background:{colour};border:1px solid rgba(34,48,63,.35)"></i>{words}</span>'
        for colour, words in items
    )
    return f'<div style="display:flex;flex-wrap:wrap;gap:.3rem .9rem;font-size:.8rem;align-items:center"><b>{translate("Congestion index")}</b>{spans}</div>'
