"""Hand-drawn log lines for the transform tests: short to write, typed as the loader would stage them."""

from __future__ import annotations

import datetime as dt

import polars as pl

from etl.contracts import staged as stg
from etl.contracts.interim import INT_ZONE_PIECES
from etl.contracts.reference import REFERENCE_TABLES, Site
from etl.transform import reconstruct

MONDAY = dt.date(2026, 6, 1)  # UTC+1 at the sample port: local is an hour later
TABLES = {table.name: table for table in stg.STAGED_TABLES}


def at(text: str, day: dt.date = MONDAY) -> dt.datetime:
    """'10:05', '10:05:30', or with days on: '1 10:05' is the next day."""
    shift, _, clock = text.rpartition(" ")
    return dt.datetime.combine(day + dt.timedelta(days=int(shift or 0)), dt.time.fromisoformat(clock))


def rows(table: str, *drawn: dict) -> pl.DataFrame:
    """Return staged rows; text instants are read by `at`, lineage is filled in."""
    contract = TABLES[table]
    instants = {field.name for field in contract.fields if field.kind == "instant"}
    full = []
    for number, row in enumerate(drawn, start=1):
        base = {"port_code": "TEST", "file_id": f"file_{table}", "source_line": number, "file_on": MONDAY, "row_digest": number, "clock_flag": "ok"}
        full.append(base | {name: at(value) if name in instants and isinstance(value, str) else value for name, value in row.items()})
    return contract.conform(pl.DataFrame(full, schema_overrides={**contract.schema}, infer_schema_length=None)) if full else contract.empty()


def gate(plate: str, event: str, cleared: str, perimeter: str = "port", **more: object) -> dict:
    lane = {"in": "A", "out": "X"}[event] if perimeter == "port" else None
    drawn = {"perimeter_code": perimeter, "event_code": event, "gate_code": "P6" if perimeter == "port" else "T1-G", "lane_code": lane}
    return drawn | {"cleared_at": cleared, "plate_key": plate, "plate_shape_key": plate} | more


def weighing(plate: str, kind: str, arrived: str | None, started: str | None, ended: str, **more: object) -> dict:
    drawn = {"weighbridge_code": "WB1", "weighing_code": kind, "arrived_at": arrived, "started_at": started, "ended_at": ended, "gross_mass_kg": 15_000.0}
    return drawn | {"plate_key": plate, "plate_shape_key": plate} | more


def service(plate: str, kind: str, arrived: str | None, started: str | None, ended: str, verdict: str | None = None, **more: object) -> dict:
    place = {"scan": "SCAN", "exit_check": "EXIT", "document_check": "T1-G"}.get(kind, "INSP")
    drawn = {"service_code": kind, "place_code": place, "arrived_at": arrived, "started_at": started, "ended_at": ended, "verdict_at": verdict}
    return drawn | {"plate_key": plate, "plate_shape_key": plate} | more


def site(zone: str = "Africa/Casablanca") -> Site:
    tables = {table.name: table.empty() for table in REFERENCE_TABLES}

    def filled(name: str, *drawn: dict) -> None:
        table = next(table for table in REFERENCE_TABLES if table.name == name)
        tables[name] = table.conform(pl.DataFrame(list(drawn), schema_overrides={key: value for key, value in table.schema.items() if key in drawn[0]}))

    filled(
        "dim_gates", {"gate_code": "P6", "perimeter_code": "port", "name_en": "Gate 6"},
        {"gate_code": "T1-G", "perimeter_code": "terminal", "terminal_code": "T1", "name_en": "T1"}, {"gate_code": "T2-G", "perimeter_code": "terminal", "terminal_code": "T2", "name_en": "T2"},
    )  # fmt: skip
    filled("dim_pilot_arms", {"unit_kind_code": "lane", "unit_code": "A", "arm_code": "pilot", "start_on": MONDAY}, {"unit_kind_code": "lane", "unit_code": "B", "arm_code": "comparison", "start_on": MONDAY})
    return Site(None, "TEST", "Test port", zone, 0.0, 0.0, True, tables, "digest")


def facts(
    staged: dict[str, pl.DataFrame], now: str | dt.datetime = "6 00:00", keep: frozenset[dt.date] | None = None, where: Site | None = None, pieces: pl.DataFrame | None = None
) -> dict[str, pl.DataFrame]:
    keep = keep if keep is not None else frozenset(MONDAY + dt.timedelta(days=number) for number in range(-30, 60))
    now_at = at(now) if isinstance(now, str) else now
    return reconstruct(staged, INT_ZONE_PIECES.empty() if pieces is None else pieces, where or site(), keep, now_at)


def visits(*gate_rows: dict, **how: object) -> list[dict]:
    return facts({"stg_gate": rows("stg_gate", *gate_rows)}, **how)["fct_visits"].sort("entry_at", "plate_key").to_dicts()
