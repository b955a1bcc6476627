"""Staged tables: one typed row a log line, as every source must deliver it. Raw identities never enter these tables."""

from __future__ import annotations

import polars as pl

from etl.contracts import codes
from etl.contracts.fields import Field, Rule, Table

# Added to every staged row by the loader, in this order, before the table's own fields.
LINEAGE: tuple[Field, ...] = (
    Field("port_code", "text", "UN/LOCODE of the port", required=True),
    Field("file_id", "text", "First 16 hex digits of the file's SHA-256", required=True),
    Field("source_line", "int", "Physical line (or record) number in the file, from 1", required=True),
    Field("file_on", "date", "Date the file is of, from its name, else of its newest event", required=True),
    Field("row_digest", "int", "64-bit digest of the row's own typed and pseudonymised values, the tie-breaker between two records of one key", required=True),
    Field("clock_flag", "code", "Whether the local time is certain", required=True, codes=codes.CLOCK_FLAG),
)


def _staged(name: str, grain: str, key: tuple[str, ...], day: str, *fields: Field, rules: tuple[Rule, ...] = ()) -> Table:
    return Table(name, grain, ("port_code", *key), (*LINEAGE, *fields), day, rules)


def _truck(required: bool = True) -> tuple[Field, ...]:
    return (
        Field("plate_key", "identity", "Pseudonym of the folded truck plate", required=required, reads="plate"),
        Field("plate_shape_key", "identity", "Pseudonym of the plate exactly as spelled; differs between logs when one misread it", reads="plate_as_read"),
    )


_CONTAINER = Field("container_key", "identity", "Pseudonym of the container number", reads="container_no")


def _ordered(first: str, then: str) -> Rule:
    return Rule(f"{then}_before_{first}", f"{then} lies before {first}", pl.col(then) < pl.col(first))


STG_GATE = _staged(
    "stg_gate", "One transaction of one truck at one lane of a port or terminal gate.", ("plate_key", "perimeter_code", "event_code", "lane_code", "cleared_at"), "cleared_at",
    Field("perimeter_code", "code", "Which of the two perimeters", required=True, codes=codes.PERIMETER),
    Field("event_code", "code", "Entering or leaving", required=True, codes=codes.GATE_EVENT),
    Field("gate_code", "code", "Gate", required=True, reference="gates"),
    Field("lane_code", "code", "Lane of the gate", reference="lanes"),
    Field("presented_at", "instant", "Truck presented at the lane"),
    Field("cleared_at", "instant", "Transaction completed, barrier open", required=True),
    *_truck(),
    Field("badge_key", "identity", "Pseudonym of the driver's badge", reads="badge"),
    Field("carrier_key", "identity", "Pseudonym of the transporter", reads="carrier"),
    _CONTAINER,
    Field("container_2_key", "identity", "Pseudonym of the second container, if any", reads="container_2_no"),
    Field("direction_code", "code", "Import pick-up, export drop-off or both", codes=codes.DIRECTION),
    Field("cargo_class_code", "code", "Cargo class", codes=codes.CARGO_CLASS),
    Field("appointment_ref", "text", "Appointment shown at the gate"),
    rules=(_ordered("presented_at", "cleared_at"),),
)  # fmt: skip
STG_WEIGHBRIDGE = _staged(
    "stg_weighbridge", "One weighing of one truck on one weighbridge.", ("plate_key", "weighbridge_code", "ended_at"), "ended_at",
    Field("weighbridge_code", "code", "Weighbridge", required=True, reference="service_points"),
    Field("weighing_code", "code", "Empty or full", required=True, codes=codes.WEIGHING),
    Field("arrived_at", "instant", "Joined the weighbridge queue"),
    Field("started_at", "instant", "Drove on"),
    Field("ended_at", "instant", "Ticket issued", required=True),
    *_truck(), _CONTAINER,
    Field("gross_mass_kg", "float", "Mass read", required=True),
    Field("is_e_slip", "bool", "Ticket sent electronically, not printed"),
    rules=(
        _ordered("started_at", "ended_at"), _ordered("arrived_at", "ended_at"),
        Rule("impossible_mass", "gross_mass_kg is not between 3,000 and 80,000 kg", ~pl.col("gross_mass_kg").is_between(3_000, 80_000)),
    ),
)  # fmt: skip
STG_CUSTOMS = _staged(
    "stg_customs", "One event in the life of one customs declaration.", ("declaration_key", "event_code", "event_on", "event_at"), "event_on",
    Field("declaration_key", "identity", "Pseudonym of the declaration number", required=True, reads="declaration_no"),
    Field("event_code", "code", "What happened", required=True, codes=codes.CUSTOMS_EVENT),
    Field("event_on", "date", "Local date of the event; the only time some ports give", required=True),
    Field("event_at", "instant", "Instant of the event"),
    Field("office_code", "text", "Customs office"),
    Field("regime_code", "text", "Customs regime"),
    Field("hs_code", "text", "HS heading of the main goods, 2 to 6 digits, text"),
    Field("channel_code", "code", "Control channel", codes=codes.CHANNEL),
    Field("inspection_result_code", "code", "What an inspection found", codes=codes.INSPECTION_RESULT),
    Field("declarant_key", "identity", "Pseudonym of the declarant", reads="declarant"),
    _CONTAINER,
    Field("declared_kg", "float", "Gross mass declared for the container, the container itself included, as VERMAS states it; null where the line gives none"),
)  # fmt: skip
STG_TRACKING = _staged(
    "stg_tracking", "One position fix of one truck.", ("plate_key", "fix_at"), "fix_at",
    Field("plate_key", "identity", "Pseudonym of the folded truck plate", required=True, reads="plate"),
    Field("fix_at", "instant", "Instant of the fix", required=True),
    Field("longitude_deg", "float", "Longitude, WGS 84", required=True),
    Field("latitude_deg", "float", "Latitude, WGS 84", required=True),
    Field("speed_kmh", "float", "Speed over ground"),
    rules=(
        Rule("off_the_globe", "longitude or latitude lies off the globe", ~pl.col("longitude_deg").is_between(-180, 180) | ~pl.col("latitude_deg").is_between(-90, 90)),
        Rule("null_island", "longitude and latitude are both zero", (pl.col("longitude_deg") == 0) & (pl.col("latitude_deg") == 0)),
    ),
)  # fmt: skip
STG_APPOINTMENTS = _staged(
    "stg_appointments", "One event in the life of one appointment.", ("appointment_ref", "event_code", "event_at"), "event_at",
    Field("appointment_ref", "text", "Appointment number", required=True),
    Field("event_code", "code", "What happened", required=True, codes=codes.APPOINTMENT_EVENT),
    Field("event_at", "instant", "When it happened", required=True),
    Field("slot_start_at", "instant", "Start of the slot", required=True),
    Field("slot_end_at", "instant", "End of the slot", required=True),
    Field("terminal_code", "code", "Terminal that gives the slot", reference="terminals"),
    Field("direction_code", "code", "Import pick-up, export drop-off or both", codes=codes.DIRECTION),
    *_truck(required=False),
    Field("carrier_key", "identity", "Pseudonym of the transporter", reads="carrier"),
    _CONTAINER,
    rules=(_ordered("slot_start_at", "slot_end_at"),),
)  # fmt: skip
STG_MEANS = _staged(
    "stg_means", "One means (lane, weighbridge, scanner, desk) open from an instant to another.", ("means_code", "open_from_at"), "open_from_at",
    Field("means_code", "text", "Name of the means", required=True),
    Field("means_kind_code", "code", "Kind of means", required=True, codes=codes.MEANS),
    Field("place_code", "code", "Service point or lane it serves", reference="places"),
    Field("open_from_at", "instant", "Open from", required=True),
    Field("open_to_at", "instant", "Open until; null while open"),
    Field("capacity_per_hour", "float", "Trucks it can serve in an hour"),
    rules=(_ordered("open_from_at", "open_to_at"),),
)  # fmt: skip
STG_LOGBOOK = _staged(
    "stg_logbook", "One entry of the port's logbook (main courante).", ("entry_ref", "started_at"), "started_at",
    Field("entry_ref", "text", "Entry number", required=True),
    Field("logbook_code", "code", "Kind of entry", required=True, codes=codes.LOGBOOK),
    Field("started_at", "instant", "Began", required=True),
    Field("ended_at", "instant", "Ended; null while it lasts"),
    Field("place_code", "code", "Where; null for the whole port", reference="places"),
    *_truck(required=False),
    rules=(_ordered("started_at", "ended_at"),),
)  # fmt: skip
STG_SERVICES = _staged(
    "stg_services", "One check or inspection of one truck: documents, scan, physical, phytosanitary, exit.", ("plate_key", "service_code", "place_code", "ended_at"), "ended_at",
    Field("service_code", "code", "What was done", required=True, codes=codes.SERVICE_EVENT),
    Field("place_code", "code", "Where", required=True, reference="places"),
    Field("authority_code", "code", "Who asked", codes=codes.AUTHORITY),
    Field("arrived_at", "instant", "Joined the queue for it"),
    Field("started_at", "instant", "Began"),
    Field("ended_at", "instant", "Ended (for a scan: last image taken)", required=True),
    Field("verdict_at", "instant", "Result given (for a scan: image verdict)"),
    Field("inspection_result_code", "code", "What it found", codes=codes.INSPECTION_RESULT),
    *_truck(), _CONTAINER,
    rules=(_ordered("started_at", "ended_at"), _ordered("arrived_at", "ended_at"), _ordered("ended_at", "verdict_at")),
)  # fmt: skip
STG_MANIFESTS = _staged(
    "stg_manifests", "One filing of one US-bound container, in its last known state. What made it a risk is never read.", ("container_key", "filed_at"), "filed_at",
    Field("container_key", "identity", "Pseudonym of the container number", required=True, reads="container_no"),
    Field("filed_at", "instant", "Manifest filed", required=True),
    Field("loading_at", "instant", "Loaded on the ship, or due to be"),
    Field("terminal_code", "code", "Terminal it is loaded at", reference="terminals"),
    Field("risk_tier_code", "code", "Risk tier given to it", codes=codes.RISK_TIER),
    Field("referred_at", "instant", "Referred to the host customs for inspection; null if it was not"),
    Field("host_answer_code", "code", "What the host answered", codes=codes.HOST_ANSWER),
    Field("has_nii", "bool", "Scanned (non-intrusive inspection)"),
    Field("has_physical", "bool", "Opened and inspected"),
    Field("inspection_result_code", "code", "What the inspection found", codes=codes.INSPECTION_RESULT),
    Field("resolved_at", "instant", "Hold lifted, or the box cleared for loading"),
    rules=(
        _ordered("filed_at", "referred_at"), _ordered("filed_at", "resolved_at"), _ordered("referred_at", "resolved_at"),
        Rule("answer_without_referral", "the host answered, but referred_at is empty", pl.col("host_answer_code").is_not_null() & pl.col("referred_at").is_null()),
        Rule(
            "result_without_inspection", "an inspection result stands there, but neither scan nor physical inspection",
            pl.col("inspection_result_code").is_not_null() & ~(pl.col("has_nii").fill_null(False) | pl.col("has_physical").fill_null(False)),
        ),
    ),
)  # fmt: skip
STG_MESSAGES = _staged(
    "stg_messages", "One electronic message exchanged with one partner.", ("message_key", "partner_code", "sent_at"), "sent_at",
    Field("message_key", "identity", "Pseudonym of the message's reference", required=True, reads="message_no"),
    Field("message_type_code", "code", "Type", required=True, codes=codes.MESSAGE_TYPE),
    Field("partner_code", "code", "Partner it was exchanged with", required=True, reference="partners"),
    Field("sent_at", "instant", "Sent", required=True),
    Field("received_at", "instant", "Received; null if it never was"),
    Field("message_answer_code", "code", "Accepted or rejected by the receiver; null without an answer", codes=codes.MESSAGE_ANSWER),
    Field("message_reason_code", "code", "Why it was rejected", codes=codes.MESSAGE_REASON),
    Field("needed_at", "instant", "When what it announces was due: the truck's or the ship's arrival"),
    rules=(
        _ordered("sent_at", "received_at"),
        Rule("reason_without_rejection", "a reason stands there, but the message was not rejected", pl.col("message_reason_code").is_not_null() & pl.col("message_answer_code").ne_missing("rejected")),
    ),
)  # fmt: skip
STG_MOVES = _staged(
    "stg_moves", "One move of one container into or out of a terminal.", ("container_key", "move_code", "moved_at"), "moved_at",
    Field("container_key", "identity", "Pseudonym of the container number", required=True, reads="container_no"),
    Field("move_code", "code", "Which way it moved", required=True, codes=codes.MOVE),
    Field("moved_at", "instant", "When", required=True),
    Field("terminal_code", "code", "Terminal", reference="terminals"),
    Field("cargo_class_code", "code", "Cargo class", codes=codes.CARGO_CLASS),
)  # fmt: skip
STG_SLOTS = _staged(
    "stg_slots", "One word of a terminal on how many places it offers in one appointment slot; the newest counts.", ("terminal_code", "slot_start_at", "published_at"), "published_at",
    Field("terminal_code", "code", "Terminal that offers the slot", required=True, reference="terminals"),
    Field("slot_start_at", "instant", "Start of the slot", required=True),
    Field("slot_end_at", "instant", "End of the slot", required=True),
    Field("offered_n", "int", "Places for trucks in the slot, taken or not", required=True),
    Field("published_at", "instant", "When it was said", required=True),
    rules=(_ordered("slot_start_at", "slot_end_at"), Rule("offered_below_zero", "fewer than zero places are offered", pl.col("offered_n") < 0)),
)  # fmt: skip

STAGED_TABLES: tuple[Table, ...] = (
    STG_GATE, STG_WEIGHBRIDGE, STG_CUSTOMS, STG_TRACKING, STG_APPOINTMENTS, STG_MEANS, STG_LOGBOOK, STG_SERVICES, STG_MANIFESTS, STG_MESSAGES, STG_MOVES,
    STG_SLOTS,
)  # fmt: skip
