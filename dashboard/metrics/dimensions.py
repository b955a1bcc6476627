"""DIMENSIONS: what a number can be split by. One written list."""

from __future__ import annotations

from dashboard.metrics.clearance import PEAK_HOURS
from dashboard.metrics.definitions import Dimension
from etl.contracts import codes

_MOVING = ("visits", "exits", "steps")
BAND_EDGES_MIN = (30, 60, 90, 120, 240, 480)  # METRIS cut points; the lower edge belongs to the band
BANDS: dict[str, str] = {
    "b1": "Under 30 min", "b2": "30 to 60 min", "b3": "60 to 90 min", "b4": "90 to 120 min", "b5": "120 to 240 min", "b6": "240 to 480 min", "b7": "480 min and more",
}  # fmt: skip
BANDS4: dict[str, str] = {"m1": "Under 60 min", "m2": "60 to 120 min", "m3": "120 to 240 min", "m4": "240 min and more"}
WEEKDAYS: dict[str, str] = {"1": "Monday", "2": "Tuesday", "3": "Wednesday", "4": "Thursday", "5": "Friday", "6": "Saturday", "7": "Sunday"}
BAND_LIST = codes.CodeList("band", BANDS)
BAND4_LIST = codes.CodeList("band4", BANDS4)
WEEKDAY_LIST = codes.CodeList("weekday", WEEKDAYS)
DOCUMENT_LIST = codes.CodeList("document", {"ticket": "Weighing ticket", "check": "Shown at a check, on paper"})
PEAK_LIST = codes.CodeList("peak", {"peak": "Lodged at peak hours (9 to 13 h)", "off_peak": "Lodged at other hours"})


def _band(codes_: dict[str, str], edges: tuple[int, ...]) -> str:
    names = list(codes_)
    steps = " ".join(f"WHEN turnaround_min < {edge} THEN '{name}'" for name, edge in zip(names, edges, strict=False))
    return f"CASE WHEN turnaround_min IS NULL THEN NULL {steps} ELSE '{names[-1]}' END"


def _same(column: str, *facts: str) -> dict[str, str]:
    return dict.fromkeys(facts, column)


_DIMENSIONS = (
    Dimension("gate", "Gate", _same("entry_gate_code", "visits", "steps") | {"exits": "exit_gate_code"}, reference=("dim_gates", "gate_code")),
    Dimension("lane", "Lane", _same("entry_lane_code", "visits", "steps") | {"exits": "exit_lane_code"}, reference=("dim_lanes", "lane_code")),
    Dimension("terminal", "Terminal", _same("terminal_code", *_MOVING, "appointments", "bookings", "slots", "manifests", "moves"), reference=("dim_terminals", "terminal_code")),
    Dimension("direction", "Direction", _same("direction_code", *_MOVING, "appointments", "bookings"), codes=codes.DIRECTION),
    Dimension("cargo", "Cargo class", _same("cargo_class_code", *_MOVING, "moves"), codes=codes.CARGO_CLASS),
    Dimension("channel", "Customs channel", _same("channel_code", *_MOVING, "declarations", "stages"), codes=codes.CHANNEL),
    Dimension("appointment", "Appointment", _same("appointment_code", *_MOVING), codes=codes.VISIT_APPOINTMENT),
    Dimension("arm", "Pilot or comparison", _same("arm_code", *_MOVING), codes=codes.ARM),
    Dimension("pilot_period", "Before or after the pilot", _same("pilot_period_code", *_MOVING), codes=codes.PILOT_PERIOD),
    Dimension("status", "State of the visit", _same("status_code", "visits"), codes=codes.VISIT_STATUS),
    Dimension(
        "hour", "Hour of the day",
        _same("entry_hour", "visits", "steps") | {"exits": "hour(exit_local_at)", "stays": "entered_hour", "appointments": "slot_hour", "bookings": "slot_hour", "slots": "slot_hour", "manifests": "filed_hour", "messages": "sent_hour", "moves": "moved_hour"}, is_time=True,
    ),
    Dimension("step_hour", "Hour of arrival at the service point", {"steps": "hour(arrived_local_at)"}, is_time=True),
    Dimension(
        "weekday", "Weekday",
        _same("entry_weekday", "visits", "steps") | {"exits": "isodow(exit_local_at)", "stays": "entered_weekday", "appointments": "isodow(slot_day)"},
        codes=WEEKDAY_LIST, is_time=True,
    ),
    Dimension(
        "hour_of_week", "Hour of the week",
        _same("(entry_weekday - 1) * 24 + entry_hour", "visits", "steps")
        | {"exits": "(isodow(exit_local_at) - 1) * 24 + hour(exit_local_at)", "stays": "(entered_weekday - 1) * 24 + entered_hour"}, is_time=True,
    ),
    Dimension("band", "Turnaround band", {"visits": _band(BANDS, BAND_EDGES_MIN)}, codes=BAND_LIST),
    Dimension("band4", "Turnaround band", {"visits": _band(BANDS4, (60, 120, 240))}, codes=BAND4_LIST),
    # 24 equal steps a decade: the long tail is seen as well as the bulk (views/distribution.py draws them)
    Dimension("turnaround_bin", "Turnaround, in steps of a logarithmic scale", {"visits": "CAST(floor(log10(greatest(turnaround_min, 1)) * 24) AS INTEGER)"}, is_time=True),
    Dimension("step", "Step", {"steps": "step_code"}, codes=codes.STEP),
    Dimension("step_kind", "Kind of step", {"steps": "step_kind_code"}, codes=codes.STEP_KIND),
    Dimension("place", "Service point", _same("place_code", "steps", "inspections", "weighings", "checks", "documents", "logbook", "source_days"), reference=("dim_service_points", "place_code")),
    Dimension("zone", "Zone", {"stays": "zone_code"}, reference=("dim_zones", "zone_code")),
    Dimension("stage", "Stage of the declaration", {"stages": "stage_code"}, codes=codes.DECLARATION_STAGE),
    Dimension("holder", "Who holds the clock", {"stages": "holder_code"}, codes=codes.HOLDER),
    Dimension("office", "Customs office", _same("office_code", "declarations", "stages")),
    Dimension("regime", "Customs regime", _same("regime_code", "declarations", "stages"), reference=("dim_regimes", "regime_code")),
    # A chapter with a handful of declarations is one importer's: firm data
    Dimension("hs_chapter", "HS chapter", _same("left(hs_code, 2)", "declarations", "stages"), privacy="firm"),
    Dimension("peak", "Peak or other hours", _same(f"CASE WHEN lodged_hour >= {PEAK_HOURS[0]} AND lodged_hour < {PEAK_HOURS[1]} THEN 'peak' WHEN lodged_hour IS NOT NULL THEN 'off_peak' END", "declarations", "stages"), codes=PEAK_LIST),
    Dimension("order_fault", "Impossible order", {"declarations": "order_fault_code"}, codes=codes.ORDER_FAULT),
    Dimension("path", "Service points in order", {"visits": "path_codes"}),
    Dimension("weighing", "Kind of weighing", {"weighings": "weighing_code"}, codes=codes.WEIGHING),
    Dimension("document", "Kind of document", {"documents": "document_code"}, codes=DOCUMENT_LIST),
    Dimension("authority", "Who asked", {"checks": "authority_code"}, codes=codes.AUTHORITY),
    Dimension("service", "Kind of inspection", {"inspections": "service_code"}, codes=codes.SERVICE_EVENT),
    Dimension("result", "Result of the inspection", _same("inspection_result_code", "inspections", "declarations"), codes=codes.INSPECTION_RESULT),
    Dimension("outcome", "How the appointment ended", {"appointments": "outcome_code"}, codes=codes.APPOINTMENT_OUTCOME),
    Dimension("carrier", "Transporter", _same("carrier_key", "visits", "exits", "appointments"), privacy="firm"),
    Dimension("tier", "Risk tier", {"manifests": "risk_tier_code"}, codes=codes.RISK_TIER),
    Dimension("partner", "Exchange partner", {"messages": "partner_code"}, reference=("dim_partners", "partner_code")),
    Dimension("message_type", "Type of message", {"messages": "message_type_code"}, codes=codes.MESSAGE_TYPE),
    Dimension("message_reason", "Reason of the message's rejection", {"messages": "message_reason_code"}, codes=codes.MESSAGE_REASON),
    Dimension("move", "Kind of container move", {"moves": "move_code"}, codes=codes.MOVE),
    Dimension("logbook", "Kind of logbook entry", {"logbook": "logbook_code"}, codes=codes.LOGBOOK),
    Dimension("source", "Source", _same("source_code", "files", "rejects", "findings", "source_days"), codes=codes.SOURCE),
    Dimension("file", "File", _same("file_id", "files", "rejects", "findings")),
    Dimension("reason", "Reason of the rejection", {"rejects": "reason_code"}, codes=codes.REJECT),
    Dimension("finding", "Finding", {"findings": "finding_code"}, codes=codes.FINDING),
)  # fmt: skip
DIMENSIONS: dict[str, Dimension] = {dimension.code: dimension for dimension in _DIMENSIONS}
