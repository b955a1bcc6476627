"""What a site brings beside its logs: gates, lanes, terminals, service points, zones, arms, calendar, benchmarks, constants.

A site folder holds `site.toml`, `reference/*.csv` (one file a table, named after it without `dim_`), `reference/zones.geojson`
and `mappings/*.toml`. Reference tables go into the build unchanged as `dim_` tables.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import polars as pl

from etl import clock
from etl.contracts import codes
from etl.contracts.fields import Field, Table
from etl.errors import SettingsError

_NAMES = (Field("name_en", "text", "Name in English", required=True), Field("name_fr", "text", "Name in French"), Field("name_ar", "text", "Name in Arabic"))
_VALID = (Field("valid_from", "date", "First day trucks may use it; null is always"), Field("valid_to", "date", "Last day, included; null is still"))

DIM_GATES = Table(
    "dim_gates", "One gate of one perimeter in one period of validity.", ("gate_code", "valid_from"),
    (Field("gate_code", "text", "Gate", required=True), Field("perimeter_code", "code", "Perimeter", codes=codes.PERIMETER), Field("terminal_code", "text", "Terminal of a terminal gate"), *_VALID, *_NAMES),
)  # fmt: skip
DIM_LANES = Table(
    "dim_lanes", "One lane of one gate in one period of validity.", ("lane_code", "valid_from"),
    (Field("lane_code", "text", "Lane", required=True), Field("gate_code", "text", "Gate", required=True), *_VALID, *_NAMES),
)  # fmt: skip
DIM_TERMINALS = Table("dim_terminals", "One terminal.", ("terminal_code",), (Field("terminal_code", "text", "Terminal", required=True), *_NAMES))
DIM_PARTNERS = Table(
    "dim_partners", "One partner electronic messages are exchanged with.", ("partner_code",), (Field("partner_code", "text", "Partner", required=True), *_NAMES)
)
DIM_REGIMES = Table(
    "dim_regimes", "One customs regime, to be named on screen. A declaration may bear a regime that is not listed: it is shown by its code.", ("regime_code",),
    (Field("regime_code", "text", "Regime as declarations write it", required=True), *_NAMES),
)  # fmt: skip
DIM_SERVICE_POINTS = Table(
    "dim_service_points", "One service point inside the port.", ("place_code",),
    (
        Field("place_code", "text", "Service point", required=True), Field("means_kind_code", "code", "Kind of means it has", codes=codes.MEANS),
        Field("zone_code", "text", "Zone it lies in"), Field("capacity_per_hour", "float", "Trucks an hour with all means open"),
        Field("is_shared", "bool", "Serves pilot and comparison lanes alike, so their visits are not independent"), *_NAMES,
    ),
)  # fmt: skip
DIM_ZONES = Table(
    "dim_zones", "One zone.", ("zone_code",),
    (
        Field("zone_code", "text", "Zone", required=True), Field("zone_kind_code", "code", "Kind", codes=codes.ZONE_KIND),
        Field("capacity_trucks", "float", "Trucks it holds"), Field("is_approximate", "bool", "Outline drawn by hand"),
        Field("geometry", "text", "GeoJSON geometry, WGS 84", required=True), *_NAMES,
    ),
)  # fmt: skip
DIM_PILOT_ARMS = Table(
    "dim_pilot_arms", "One unit of the pilot or of its comparison.", ("unit_kind_code", "unit_code"),
    (
        Field("unit_kind_code", "text", "gate, lane, terminal or carrier", required=True), Field("unit_code", "text", "The unit", required=True),
        Field("arm_code", "code", "Pilot or comparison", required=True, codes=codes.ARM), Field("start_on", "date", "Local date the pilot starts (for comparison units: of the pilot they are compared with)", required=True),
    ),
)  # fmt: skip
DIM_PILOT_PLAN = Table(
    "dim_pilot_plan", "One pilot's plan as it was locked before its result could be known; written by `smartport lock`, never by hand.", ("pilot_code",),
    (
        Field("pilot_code", "text", "The pilot", required=True), Field("locked_on", "date", "Local date the plan was locked", required=True),
        Field("arms", "text", "The arms as locked: kind, unit, arm, start; one after the other, separated by semicolons", required=True),
        Field("main_measure", "text", "Column of fct_visits the verdict is about", required=True), Field("statistic", "text", "mean, p50 or p90 of a day", required=True),
        Field("scale", "text", "log (changes in %) or level", required=True), Field("view_code", "text", "all, or core: without inspections, incidents and closures", required=True),
        Field("exclusions", "text", "What is left out besides, on both sides; null is nothing"),
        Field("end_day", "int", "Days after the start of the one announced verdict; null is the three looks on days 28, 84 and 182"),
        Field("fingerprint", "text", "16 hex digits of every other column: a plan changed by hand no longer fits them", required=True),
    ),
)  # fmt: skip
DIM_CALENDAR = Table(
    "dim_calendar", "One named period that explains a change.", ("from_on", "calendar_code"),
    (
        Field("from_on", "date", "First day", required=True), Field("to_on", "date", "Last day, included", required=True),
        Field("calendar_code", "text", "ramadan, holiday, strike, clock, rule, incident or pilot", required=True), *_NAMES,
    ),
)  # fmt: skip
DIM_BENCHMARKS = Table(
    "dim_benchmarks", "One published figure of another port, shown as a reference mark ('repère'), never as a target.", ("metric_code", "port", "year", "from_on"),
    (
        Field("metric_code", "text", "Metric it can stand beside", required=True), Field("port", "text", "Where", required=True), Field("year", "int", "When"),
        Field("value", "float", "Value", required=True), Field("unit", "text", "Unit"), Field("perimeter", "text", "Which part of the visit it measures"), Field("source", "text", "Source"),
        Field("definition_code", "text", "Foreign definition it was measured by; null is none that is recomputed here"),
        Field("nature_code", "text", "measured, below (published as less than the value), goal or design; null is measured"),
        Field("from_on", "date", "First day it is about, where its period is published"), Field("to_on", "date", "Last day, included"),
        Field("read_on", "date", "Day its source was read again and gave this figure; null: taken from an earlier collection"),
    ),
)  # fmt: skip
DIM_CONSTANTS = Table(
    "dim_constants", "One constant with its range.", ("constant_code",),
    (
        Field("constant_code", "text", "Constant", required=True), Field("value", "float", "Value", required=True), Field("low", "float", "Low"), Field("high", "float", "High"),
        Field("unit", "text", "Unit"), Field("source", "text", "Source"), Field("status", "text", "published or assumption"), *_NAMES,
    ),
)  # fmt: skip
REFERENCE_TABLES: tuple[Table, ...] = (
    DIM_GATES, DIM_LANES, DIM_TERMINALS, DIM_SERVICE_POINTS, DIM_ZONES, DIM_PILOT_ARMS, DIM_PILOT_PLAN, DIM_CALENDAR, DIM_BENCHMARKS, DIM_CONSTANTS, DIM_PARTNERS, DIM_REGIMES,
)  # fmt: skip
NAME_LANGUAGES = ("en", "fr", "ar")
_LARGEST = 1e15  # of a hand-written number: whatever lies beyond is a slip of the hand
_PORT_CODE = re.compile(r"[A-Za-z0-9_-]{1,20}")
_CSV_TYPES = {"float": float, "int": int, "bool": lambda text: text.lower() == "true"}


@dataclass(frozen=True)
class Site:
    """One port's own facts. `tables` holds every reference table by its dim_ name, conformed and possibly empty."""

    folder: Path
    port_code: str
    port_name: str
    zone_name: str
    longitude_deg: float
    latitude_deg: float
    is_sample: bool
    tables: dict[str, pl.DataFrame]
    digest: str
    stay_gap_s: float = 180.0  # pieces of presence in a zone at most this far apart are one stay; a port with rarer fixes sets a longer one
    port_names: Mapping[str, str] = field(default_factory=dict)  # language -> name, for the languages that have their own; port_name says it in all others

    @cached_property
    def references(self) -> dict[str, frozenset[str]]:
        """Reference list name -> the codes a row may carry (fields declare `reference=` one of these names)."""
        codes_of = {
            "gates": self.tables["dim_gates"]["gate_code"], "lanes": self.tables["dim_lanes"]["lane_code"], "terminals": self.tables["dim_terminals"]["terminal_code"],
            "service_points": self.tables["dim_service_points"]["place_code"], "zones": self.tables["dim_zones"]["zone_code"],
        }  # fmt: skip
        lists = {name: frozenset(series.to_list()) for name, series in codes_of.items()}
        return lists | {"places": frozenset().union(*lists.values()), "partners": frozenset(self.tables["dim_partners"]["partner_code"].to_list())}

    @property
    def mappings(self) -> Path:
        return self.folder / "mappings"

    @property
    def demo_key(self) -> Path:
        """Fixed pseudonym key of a fictitious port; absent for a real one, whose key is made at first load."""
        return self.folder / "demo.key"


def load_site(folder: Path) -> Site:
    """Read a site folder. Raises SettingsError naming the file and line of whatever is missing, unknown or of the wrong kind."""
    about = folder / "site.toml"
    if not about.is_file():
        raise SettingsError(str(about), "the site has no site.toml", "", "Give --site a folder with site.toml, reference/ and mappings/")
    try:
        site = tomllib.loads(_text(about))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(str(about), f"this is not TOML: {error}") from error
    missing = [name for name in ("port_code", "port_name", "zone_name", "longitude_deg", "latitude_deg") if name not in site]
    if missing:
        raise SettingsError(str(about), f"{', '.join(missing)} is missing", "port_code, port_name, zone_name, longitude_deg, latitude_deg, is_sample")
    if not isinstance(site["port_code"], str) or not _PORT_CODE.fullmatch(site["port_code"]):
        raise SettingsError(str(about), f"port_code {site['port_code']!r} is no code", "up to 20 letters, digits, _ and -", "It names folders: give the port's UN/LOCODE")
    for name in ("port_name", "zone_name", *(f"port_name_{lang}" for lang in NAME_LANGUAGES if f"port_name_{lang}" in site)):
        if not isinstance(site[name], str) or not site[name]:
            raise SettingsError(str(about), f"{name} {site[name]!r} is no text")
    clock.transitions(site["zone_name"])
    if not isinstance(site.get("is_sample", False), bool):
        raise SettingsError(str(about), f"is_sample {site['is_sample']!r} is neither true nor false")
    longitude, latitude = _number(about, "longitude_deg", site["longitude_deg"], -180, 180), _number(about, "latitude_deg", site["latitude_deg"], -90, 90)
    gap = _number(about, "stay_gap_s", site.get("stay_gap_s", 180.0), 0, 86_400)
    tables = {table.name: _read_reference(table, folder / "reference") for table in REFERENCE_TABLES}
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.suffix in {".csv", ".toml", ".geojson"} and path.name != "alerts.toml"):  # what is watched changes no fact
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return Site(
        folder, site["port_code"], site["port_name"], site["zone_name"], longitude, latitude, site.get("is_sample", False), tables, digest.hexdigest()[:16], gap,
        {lang: site[f"port_name_{lang}"] for lang in NAME_LANGUAGES if f"port_name_{lang}" in site},
    )  # fmt: skip


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(str(path), f"byte 0x{error.object[error.start]:02X} at position {error.start + 1} is not UTF-8", "", "Save the file as UTF-8") from error


def _number(where: Path | str, name: str, value: object, low: float, high: float) -> float:
    """Return a number of a hand-written file. True is none, nor is what only the parser calls one (nan, inf)."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise SettingsError(str(where), f"{name} {str(value)[:40]!r} is no number from {low:,} to {high:,}")
    return float(value)


def _read_reference(table: Table, folder: Path) -> pl.DataFrame:
    if table.name == "dim_zones":
        return _read_zones(folder / "zones.geojson")
    path = folder / f"{table.name.removeprefix('dim_')}.csv"
    if not path.is_file():
        return table.empty()
    rows = []
    reader = csv.DictReader(io.StringIO(_text(path), newline=""))
    try:
        unknown = set(reader.fieldnames or ()) - set(table.columns)
        if unknown:
            raise SettingsError(f"{path} line 1", f"unknown columns {', '.join(sorted(unknown))}", ", ".join(table.columns))
        for number, raw in enumerate(reader, start=2):
            rows.append({field.name: _typed(field, raw.get(field.name), path, number) for field in table.fields})
    except csv.Error as error:
        raise SettingsError(f"{path} line {reader.line_num + 1}", f"this is not CSV: {error}") from error
    return table.conform(pl.DataFrame(rows, schema=table.schema, strict=False) if rows else table.empty())


def _typed(field: Field, text: str | None, path: Path, line: int) -> object:
    text = (text or "").strip()
    if not text:
        if field.required:
            raise SettingsError(f"{path} line {line}", f"{field.name} is empty")
        return None
    if field.codes and text not in field.codes.codes:
        raise SettingsError(f"{path} line {line}", f"{field.name} '{text}' is not known", ", ".join(field.codes.codes))
    try:
        if field.kind == "date":
            return dt.date.fromisoformat(text)
        value = _CSV_TYPES.get(field.kind, str)(text)
    except ValueError as error:
        raise SettingsError(f"{path} line {line}", f"{field.name} '{text[:40]}' is not a {field.kind}") from error
    if field.kind in ("int", "float") and not abs(value) <= _LARGEST:
        raise SettingsError(f"{path} line {line}", f"{field.name} '{text[:40]}' is beyond any number meant here")
    return value


def _read_zones(path: Path) -> pl.DataFrame:
    if not path.is_file():
        return DIM_ZONES.empty()
    try:
        features = json.loads(_text(path))["features"]
        rows = [_zone(feature, f"{path} feature {number}") for number, feature in enumerate(features, start=1)]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SettingsError(str(path), "this is no GeoJSON FeatureCollection", "", "Save the zones as GeoJSON, WGS 84") from error
    twice = sorted({row["zone_code"] for row in rows if sum(row["zone_code"] == other["zone_code"] for other in rows) > 1})
    if twice:
        raise SettingsError(str(path), f"zone {', '.join(twice)[:80]} is drawn twice", "", "Give each zone a code of its own, or draw it as one MultiPolygon")
    return DIM_ZONES.conform(pl.DataFrame(rows, schema=DIM_ZONES.schema, strict=False))


def _zone(feature: object, where: str) -> dict:
    """Return one row of DIM_ZONES. Raises SettingsError for what is no zone."""
    about, shape = (feature.get("properties"), feature.get("geometry")) if isinstance(feature, dict) else (None, None)
    code = (about.get("zone_code") or about.get("zone_id")) if isinstance(about, dict) else None
    kind = shape.get("type") if isinstance(shape, dict) else None
    if not isinstance(code, str) or kind not in ("Polygon", "MultiPolygon"):
        raise SettingsError(where, "a zone needs a zone_code and a Polygon or MultiPolygon")
    polygons = shape.get("coordinates") if kind == "MultiPolygon" else [shape.get("coordinates")]
    if not _are_lists(polygons) or not all(_are_lists(polygon) and all(_are_lists(ring) for ring in polygon) for polygon in polygons):
        raise SettingsError(where, f"the coordinates of zone '{code[:40]}' are not those of a {kind}")
    for corner in (corner for polygon in polygons for ring in polygon for corner in ring):
        if len(corner) < 2:
            raise SettingsError(where, f"a corner of zone '{code[:40]}' is no [longitude, latitude]")
        _number(where, f"longitude of zone '{code[:40]}'", corner[0], -180, 180)
        _number(where, f"latitude of zone '{code[:40]}'", corner[1], -90, 90)
    row = {
        "zone_code": code, "zone_kind_code": about.get("zone_kind_code", "other"), "capacity_trucks": about.get("capacity_trucks"),
        "is_approximate": about.get("is_approximate", True), "geometry": json.dumps(shape, separators=(",", ":")),
        "name_en": about.get("name_en", code), "name_fr": about.get("name_fr"), "name_ar": about.get("name_ar"),
    }  # fmt: skip
    if row["zone_kind_code"] not in codes.ZONE_KIND.codes:
        raise SettingsError(where, f"zone_kind_code {str(row['zone_kind_code'])[:40]!r} of zone '{code[:40]}' is not known", ", ".join(codes.ZONE_KIND.codes))
    if row["capacity_trucks"] is not None:
        _number(where, f"capacity_trucks of zone '{code[:40]}'", row["capacity_trucks"], 0, _LARGEST)
    if not isinstance(row["is_approximate"], bool) or not all(value is None or isinstance(value, str) for value in (row["name_en"], row["name_fr"], row["name_ar"])):
        raise SettingsError(where, f"is_approximate of zone '{code[:40]}' is neither true nor false, or a name of it no text")
    return row


def _are_lists(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, list) for each in value)
