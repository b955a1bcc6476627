"""Interim tables: computed from staged rows of one UTC day, kept in the lake so that a load never rereads old fixes."""

from __future__ import annotations

from etl.contracts.fields import Field, Table

INT_ZONE_PIECES = Table(
    "int_zone_pieces",
    "One unbroken run of fixes of one truck in one zone within one UTC day; also a truck's first and last run of the day when it lies outside all zones.",
    ("port_code", "plate_key", "first_fix_at"),
    (
        Field("port_code", "text", "UN/LOCODE of the port", required=True),
        Field("plate_key", "identity", "Pseudonym of the truck", required=True, reads="plate"),
        Field("zone_code", "code", "Zone; null outside all zones", reference="zones"),
        Field("entered_at", "instant", "Crossed the zone's edge inwards; the first fix where nothing is known before it", required=True),
        Field("left_at", "instant", "Crossed the zone's edge outwards; the last fix where nothing is known after it", required=True),
        Field("first_fix_at", "instant", "First fix of the run", required=True),
        Field("last_fix_at", "instant", "Last fix of the run", required=True),
        Field("fixes_n", "int", "Fixes of the run", required=True),
        Field("depth_m", "float", "Of a short run: how far its deepest fix lies from the zone's outline, so that noise at an edge can be told; null for a longer run"),
        Field("first_longitude_deg", "float", "Where the truck's first run of the day begins, WGS 84; null for its other runs"),
        Field("first_latitude_deg", "float", "Where the truck's first run of the day begins, WGS 84; null for its other runs"),
        Field("last_longitude_deg", "float", "Where the truck's last run of the day ends, WGS 84; null for its other runs"),
        Field("last_latitude_deg", "float", "Where the truck's last run of the day ends, WGS 84; null for its other runs"),
    ),
    "first_fix_at",
)  # fmt: skip
INTERIM_TABLES: tuple[Table, ...] = (INT_ZONE_PIECES,)
