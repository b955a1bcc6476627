"""Interim tables, never shown: what is computed from one UTC day of staged rows and kept, so that a load never rereads old days."""

from __future__ import annotations

from etl.contracts import codes
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
INT_TRACKS = Table(
    "int_tracks", "One position of one truck, thinned to the first in each minute.", ("port_code", "plate_key", "fix_at"),
    (
        Field("port_code", "text", "UN/LOCODE of the port", required=True),
        Field("plate_key", "identity", "Pseudonym of the truck", required=True, reads="plate"),
        Field("fix_at", "instant", "Instant", required=True),
        Field("longitude_deg", "float", "Longitude, WGS 84", required=True),
        Field("latitude_deg", "float", "Latitude, WGS 84", required=True),
    ),
    "fix_at",
)  # fmt: skip
INT_FILES = Table(
    "int_files", "One file that was offered for loading, as its last load left it.", ("port_code", "file_id"),
    (
        Field("port_code", "text", "UN/LOCODE of the port", required=True),
        Field("file_id", "text", "First 16 hex digits of the SHA-256", required=True),
        Field("file_name", "text", "Name as it lay in the inbox", required=True),
        Field("source_code", "code", "Source", codes=codes.SOURCE),
        Field("mapping_name", "text", "Mapping it was read by"),
        Field("mapping_digest", "text", "Digest of that mapping and of the reference lists it was checked against"),
        Field("status_code", "code", "Loaded or refused", required=True, codes=codes.FILE_STATUS),
        Field("file_on", "date", "Date the file is of"),
        Field("bytes_n", "int", "Size"),
        Field("read_n", "int", "Records read"),
        Field("staged_n", "int", "Rows that passed validation, duplicates among them"),
        Field("rejected_n", "int", "Rejected rows"),
        Field("first_event_at", "instant", "Oldest event"),
        Field("last_event_at", "instant", "Newest event"),
        Field("out_of_order_n", "int", "Rows older than a row before them in the file"),
        Field("is_late", "bool", "When it came, a newer file of its mapping was already published"),
        Field("key_id", "text", "Names the pseudonym key its rows are under; null: loaded before keys were named"),
        Field("message", "text", "Why it was refused"),
    ),
    "file_on",
)  # fmt: skip
INT_FILE_COUNTS = Table(
    "int_file_counts", "How the rows of one file ended, by UTC and local day.", ("table_name", "file_id", "utc_day", "day"),
    (
        Field("table_name", "text", "Staged table", required=True),
        Field("file_id", "text", "File", required=True),
        Field("utc_day", "date", "UTC date of the rows", required=True),
        Field("day", "date", "Local date of the rows", required=True),
        Field("good_n", "int", "Rows that count"),
        Field("duplicate_n", "int", "Rows another record of the same key supersedes"),
    ),
)  # fmt: skip
INTERIM_TABLES: tuple[Table, ...] = (INT_ZONE_PIECES, INT_TRACKS, INT_FILES, INT_FILE_COUNTS)
