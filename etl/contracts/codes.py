"""Every closed code list, with the English words a reader sees (translated by key in the dashboard)."""

from __future__ import annotations

from etl.contracts.fields import CodeList

GATE_EVENT = CodeList("gate_event", {"in": "Gate-in", "out": "Gate-out"})
PERIMETER = CodeList("perimeter", {"port": "Port gate", "terminal": "Terminal gate"})
DIRECTION = CodeList("direction", {"import": "Import", "export": "Export", "dual": "Dual (export and import)"})
CARGO_CLASS = CodeList("cargo_class", {"dry": "Dry", "reefer": "Reefer", "hazardous": "Hazardous", "empty": "Empty"})
CHANNEL = CodeList("channel", {"conform": "Accepted as declared", "documents": "Documents", "physical": "Physical inspection"})
CUSTOMS_EVENT = CodeList(
    "customs_event",
    {
        "lodged": "Declaration lodged", "channel_assigned": "Channel assigned", "inspection_ordered": "Inspection ordered",
        "inspection_started": "Inspection started", "inspection_ended": "Inspection ended", "paid": "Duties paid", "released": "Released",
        "arrived": "Goods arrived", "agency_asked": "Other agency asked", "agency_answered": "Other agency's answer",
    },
)  # fmt: skip
INSPECTION_RESULT = CodeList("inspection_result", {"clear": "Nothing found", "hit": "Irregularity found"})
WEIGHING = CodeList("weighing", {"empty": "Empty weighing", "full": "Full weighing"})
SERVICE_EVENT = CodeList(
    "service_event",
    {
        "document_check": "Document check", "scan": "Scan", "physical_inspection": "Physical inspection",
        "phytosanitary_inspection": "Phytosanitary inspection", "exit_check": "Customs exit check",
    },
)  # fmt: skip
AUTHORITY = CodeList("authority", {"port": "Port agency", "customs": "Customs", "terminal": "Terminal", "police": "Police", "onssa": "Food safety (ONSSA)"})
APPOINTMENT_EVENT = CodeList("appointment_event", {"booked": "Booked", "changed": "Changed", "cancelled": "Cancelled", "refused": "Refused"})
APPOINTMENT_OUTCOME = CodeList(
    "appointment_outcome",
    {"on_time": "On time", "early": "Early", "late": "Late", "no_show": "No-show", "cancelled": "Cancelled", "refused": "Refused", "pending": "Pending"},
)
VISIT_APPOINTMENT = CodeList("visit_appointment", {"on_time": "On time", "early": "Early", "late": "Late", "none": "No appointment"})
MEANS = CodeList(
    "means",
    {
        "lane": "Gate lane", "weighbridge": "Weighbridge", "scanner": "Scanner", "verdict_desk": "Image verdict desk",
        "inspection_bay": "Inspection bay", "yard_equipment": "Yard equipment", "exit_desk": "Customs exit desk",
    },
)  # fmt: skip
LOGBOOK = CodeList(
    "logbook",
    {
        "closure": "Declared closure", "incident": "Incident", "system_outage": "System outage", "scanner_outage": "Scanner outage",
        "trouble_ticket": "Trouble ticket", "strike": "Strike", "weather": "Weather",
    },
)  # fmt: skip
STEP = CodeList(
    "step",
    {
        "weigh_empty": "Empty weighing", "terminal": "Terminal", "scan": "Scanner", "physical_inspection": "Physical inspection",
        "phytosanitary_inspection": "Phytosanitary inspection", "weigh_full": "Full weighing", "exit_check": "Customs exit check",
        "port_gate_out": "Port gate-out", "travel": "Travel between points",
    },
)  # fmt: skip
STEP_KIND = CodeList("step_kind", {"service": "Service point", "gap": "Between service points"})
VISIT_STATUS = CodeList("visit_status", {"closed": "Closed", "open": "Still inside", "incomplete": "No gate-out seen within 72 h"})
CLOCK_FLAG = CodeList(
    "clock_flag",
    {"ok": "Clock certain", "ambiguous": "Local hour that happened twice", "nonexistent": "Local hour that was skipped", "fault": "Source clock off by an hour"},
)
ARM = CodeList("arm", {"pilot": "Pilot lanes", "comparison": "Comparison lanes"})
PILOT_PERIOD = CodeList("pilot_period", {"before": "Before pilot", "after": "Pilot"})
ZONE_KIND = CodeList(
    "zone_kind",
    {
        "queue": "Queue before the gate", "gate": "Gate", "weighbridge": "Weighbridge", "terminal": "Terminal yard",
        "scanner": "Scanner", "inspection": "Inspection area", "road": "Port road", "berth": "Berth or anchorage", "other": "Other",
    },
)  # fmt: skip
# A stage is the wait for the event that ends it, so whatever order a port works in, the stages of a declaration follow each other without a gap.
DECLARATION_STAGE = CodeList(
    "declaration_stage",
    {
        "to_lodged": "Arrival to lodging", "to_channel": "Wait for the channel", "to_agency_request": "Wait for the request to another agency",
        "agency": "Wait for the other agency's answer", "to_payment": "Wait for the payment", "to_inspection_order": "Wait for the inspection order",
        "to_inspection": "Order to start of inspection", "inspection": "Inspection", "to_release": "Wait for the release", "to_gate_out": "Release to gate-out",
    },
)  # fmt: skip
HOLDER = CodeList("holder", {"trader": "Trader", "agent": "Customs agent", "customs": "Customs", "other_agency": "Other agency", "terminal": "Terminal"})
# Who holds the clock during a stage: the party whose act ends it.
STAGE_HOLDER: dict[str, str] = {
    "to_lodged": "agent", "to_channel": "customs", "to_agency_request": "agent", "agency": "other_agency", "to_payment": "trader", "to_inspection_order": "customs",
    "to_inspection": "terminal", "inspection": "customs", "to_release": "customs", "to_gate_out": "trader",
}  # fmt: skip
ORDER_FAULT = CodeList(
    "order_fault",
    {
        "channel_before_lodged": "Channel given before lodging", "payment_before_lodged": "Payment before lodging", "order_before_lodged": "Inspection ordered before lodging",
        "release_before_lodged": "Released before lodging", "release_before_channel": "Released before the channel was given", "start_before_order": "Inspection started before it was ordered",
        "end_before_start": "Inspection ended before it started", "release_before_inspection": "Released before the inspection ended", "answer_before_request": "Other agency answered before it was asked",
    },
)  # fmt: skip
MOVE = CodeList("move", {"discharge": "Discharged from the ship", "gate_in": "Received by the terminal", "gate_out": "Delivered by the terminal", "load": "Loaded on the ship"})
RISK_TIER = CodeList("risk_tier", {"low": "Low risk", "medium": "Medium risk", "high": "High risk"})
HOST_ANSWER = CodeList("host_answer", {"accepted": "Accepted by the host", "waived": "Waived by the host"})
MESSAGE_TYPE = CodeList(
    "message_type",
    {
        "cusdec": "Customs declaration (CUSDEC)", "cusres": "Customs answer (CUSRES)", "cuscar": "Cargo report (CUSCAR)", "codeco": "Gate report (CODECO)",
        "coparn": "Container announcement (COPARN)", "coarri": "Loading report (COARRI)", "vermas": "Verified gross mass (VERMAS)",
    },
)  # fmt: skip
MESSAGE_ANSWER = CodeList("message_answer", {"accepted": "Message accepted", "rejected": "Message rejected"})
MESSAGE_REASON = CodeList(
    "message_reason",
    {
        "syntax": "Cannot be read", "missing_data": "Data missing", "unknown_reference": "Refers to something unknown",
        "contradiction": "Contradicts another document", "late": "Came too late",
    },
)  # fmt: skip
SOURCE = CodeList(
    "source",
    {
        "gate": "Gate transactions", "weighbridge": "Weighings", "customs": "Customs declarations", "tracking": "Truck positions",
        "appointments": "Appointments", "means": "Means open", "logbook": "Logbook", "services": "Checks and inspections",
        "manifests": "Export manifests (US-bound)", "messages": "Electronic messages", "moves": "Container moves", "slots": "Appointment slots offered",
    },
)  # fmt: skip
FILE_STATUS = CodeList("file_status", {"loaded": "Loaded", "refused": "Refused whole"})
FINDING = CodeList(
    "finding",
    {
        "repeat_read": "Same truck read twice at one gate", "missed_exit": "Gate-out never seen", "missed_entry": "Gate-out without gate-in",
        "misread_plate": "Plate spelled differently from one log to the next", "clock_fault": "Source clock off by an hour for a day",
        "missing_second_weighing": "Second weighing missing", "late_file": "File arrived after a newer one",
        "out_of_order_file": "Lines of the file are not in time order",
        "ambiguous_time": "Local time that happened twice", "nonexistent_time": "Local time that was skipped",
        "overnight_stay": "Truck stayed overnight", "unmatched_weighing": "Weighing without a visit", "unmatched_service": "Check without a visit",
        "unmatched_terminal": "Terminal gate event without a visit",
    },
)  # fmt: skip
REJECT = CodeList(
    "reject",
    {
        "malformed_line": "Wrong number of fields", "bad_encoding": "Bytes that are not in the file's encoding", "stray_quote": "Quotation mark that is never closed",
        "nul_byte": "NUL byte", "missing_value": "Required value missing", "bad_type": "Value of the wrong type", "unknown_code": "Code not in the list",
        "unknown_reference": "Name not in the reference list", "not_valid_then": "Gate or lane not open to trucks on that date", "rule": "Value against a rule",
        "malformed_message": "Not a message the mapping can read", "truncated_message": "Message or interchange cut short",
        "wrong_count": "Counts or references that do not fit", "unknown_segment": "Segment the message type does not have",
    },
)  # fmt: skip

CODE_LISTS: tuple[CodeList, ...] = (
    GATE_EVENT, PERIMETER, DIRECTION, CARGO_CLASS, CHANNEL, CUSTOMS_EVENT, INSPECTION_RESULT, WEIGHING, SERVICE_EVENT, AUTHORITY, APPOINTMENT_EVENT,
    APPOINTMENT_OUTCOME, VISIT_APPOINTMENT, MEANS, LOGBOOK, STEP, STEP_KIND, VISIT_STATUS, CLOCK_FLAG, ARM, PILOT_PERIOD, ZONE_KIND, DECLARATION_STAGE, HOLDER,
    ORDER_FAULT, SOURCE, FILE_STATUS, FINDING, REJECT,
    MOVE, RISK_TIER, HOST_ANSWER, MESSAGE_TYPE, MESSAGE_ANSWER, MESSAGE_REASON,
)  # fmt: skip
