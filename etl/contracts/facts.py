"""Facts: what happened, one table a grain. `_at` is UTC, `_local_at` the port's wall time, `entry_day` the local date of gate-in."""

from __future__ import annotations

from etl.contracts import codes
from etl.contracts.fields import Field, Table

_PORT = Field("port_code", "text", "UN/LOCODE of the port", required=True)
_VISIT = Field("visit_id", "text", "Digest of port, truck key and first gate-in; late data never renumbers it", required=True)
_DAY = Field("entry_day", "date", "Local date of gate-in", required=True)

# The columns every page filters by. Steps carry them too, so that a question about steps needs no join.
FILTERS: tuple[Field, ...] = (
    Field("entry_hour", "int", "Local hour of gate-in, 0 to 23"),
    Field("entry_weekday", "int", "ISO weekday of gate-in, 1 is Monday"),
    Field("entry_gate_code", "code", "Gate of entry", reference="gates"),
    Field("entry_lane_code", "code", "Lane of entry", reference="lanes"),
    Field("terminal_code", "code", "First terminal visited", reference="terminals"),
    Field("direction_code", "code", "Import, export or dual", codes=codes.DIRECTION),
    Field("cargo_class_code", "code", "Cargo class", codes=codes.CARGO_CLASS),
    Field("channel_code", "code", "Heaviest customs channel among its containers; null if none matched", codes=codes.CHANNEL),
    Field("appointment_code", "code", "Arrival against the appointment slot +- 30 min", codes=codes.VISIT_APPOINTMENT),
    Field("arm_code", "code", "Pilot or comparison lane; null outside any pilot", codes=codes.ARM),
    Field("pilot_period_code", "code", "Before the pilot's start, or after", codes=codes.PILOT_PERIOD),
    Field("is_excluded", "bool", "Inspection, trouble ticket or declared closure: left out of the view 'Without inspections, incidents and closures'"),
)

FCT_VISITS = Table(
    "fct_visits", "One truck from its port gate-in to its port gate-out, or still open; closed as incomplete after 72 h.", ("port_code", "visit_id"),
    (
        _PORT, _VISIT, _DAY, *FILTERS,
        Field("plate_key", "identity", "Pseudonym of the truck", reads="plate"),
        Field("carrier_key", "identity", "Pseudonym of the transporter", reads="carrier"),
        Field("status_code", "code", "Closed, open or incomplete", required=True, codes=codes.VISIT_STATUS),
        Field("clock_flag", "code", "Worst clock flag among the visit's own gate times", required=True, codes=codes.CLOCK_FLAG),
        Field("entry_at", "instant", "Entry gate cleared", required=True),
        Field("entry_local_at", "local", "Entry gate cleared, local", required=True),
        Field("exit_at", "instant", "Exit gate cleared"),
        Field("exit_local_at", "local", "Exit gate cleared, local"),
        Field("exit_gate_code", "code", "Gate of exit", reference="gates"),
        Field("exit_lane_code", "code", "Lane of exit", reference="lanes"),
        Field("queue_arrived_at", "instant", "Arrived in the queue before the gate, seen by tracking"),
        Field("queue_min", "float", "Q: entry cleared minus arrival in queue; null where not observed"),
        Field("turnaround_min", "float", "P: exit cleared minus entry cleared; null unless both are certain"),
        Field("total_visit_min", "float", "V = Q + P; null, never 0, where Q was not observed"),
        Field("terminal_turn_min", "float", "T: terminal gate-out minus terminal gate-in, summed over terminals"),
        Field("wait_min", "float", "Waiting at service points inside the port"),
        Field("service_min", "float", "Being served inside the port"),
        Field("travel_min", "float", "Between service points"),
        Field("stops_n", "int", "Service points stopped at"),
        Field("document_checks_n", "int", "Document checks recorded; null where the visit is outside the recorded share"),
        Field("moves_n", "int", "Containers moved"),
        Field("slot_start_at", "instant", "Start of the appointment slot"),
        Field("appointment_offset_min", "float", "Gate presentation (else entry) minus the nearer edge of the slot; 0 inside it"),
        Field("has_inspection", "bool", "Scanned or inspected"),
        Field("has_trouble_ticket", "bool", "A trouble ticket names it"),
        Field("has_closure", "bool", "A declared closure, outage or strike overlaps it at a place it used"),
        Field("is_tracked", "bool", "Seen by tracking"),
        Field("is_overnight", "bool", "Exit more than 12 h after entry, on a later local day"),
        Field("has_both_weighings", "bool", "Weighed empty and full; null on a day without any weighing in the logs"),
        Field("has_weigh_full", "bool", "Weighed full: without it the exit voucher stays 'subject to weighing'; null on a day without any weighing in the logs"),
        Field("weighed_net_kg", "float", "Mass of its boxes as weighed: the last full weighing minus the last empty one; null unless both are known and the difference is above zero"),
        Field("declared_kg", "float", "Gross mass declared for the boxes it had on at the full weighing, summed; null where any of them has no declared mass, or which they were is not known"),
        Field("path_codes", "text", "Service points in the order they were passed, as step codes joined by '>'; null where P is unknown or a point's clock was off"),
    ),
    "entry_day",
)  # fmt: skip
FCT_VISIT_STEPS = Table(
    "fct_visit_steps", "One service point, or gap between two, of one closed visit; the steps and gaps of a visit sum to P.", ("port_code", "visit_id", "step_seq"),
    (
        _PORT, _VISIT, _DAY, *FILTERS,
        Field("step_seq", "int", "Order within the visit, from 1"),
        Field("step_code", "code", "Which step", required=True, codes=codes.STEP),
        Field("step_kind_code", "code", "Service point or gap", required=True, codes=codes.STEP_KIND),
        Field("place_code", "code", "Service point", reference="places"),
        Field("arrived_at", "instant", "Began (arrival in the step's queue)"),
        Field("arrived_local_at", "local", "Began, local"),
        Field("started_at", "instant", "Service began"),
        Field("ended_at", "instant", "Service ended"),
        Field("wait_min", "float", "Arrival to service; null for a gap"),
        Field("service_min", "float", "Service; null for a gap"),
        Field("step_min", "float", "Whole step: wait and service, or the gap"),
    ),
    "entry_day",
)  # fmt: skip
FCT_VISIT_EVENTS = Table(
    "fct_visit_events", "One log line that belongs to one visit: the way from a number back to its rows.", ("port_code", "visit_id", "file_id", "source_line", "event_code"),
    (
        _PORT, _VISIT, _DAY,
        Field("event_at", "instant", "Instant"),
        Field("event_local_at", "local", "Local time"),
        Field("source_code", "code", "Source", required=True, codes=codes.SOURCE),
        Field("event_code", "text", "What the line says: gate_in, gate_out, terminal_in, terminal_out, weigh_empty, weigh_full, or a service or logbook code", required=True),
        Field("place_code", "code", "Where", reference="places"),
        Field("authority_code", "code", "Who asked, for checks", codes=codes.AUTHORITY),
        Field("match_score", "float", "How surely the line belongs to the visit, 0 to 1"),
        Field("file_id", "text", "File", required=True),
        Field("source_line", "int", "Line", required=True),
    ),
    "entry_day",
)  # fmt: skip
FCT_VISIT_CONTAINERS = Table(
    "fct_visit_containers", "One container of one visit.", ("port_code", "visit_id", "container_key"),
    (
        _PORT, _VISIT, _DAY,
        Field("container_key", "identity", "Pseudonym of the container", required=True, reads="container_no"),
        Field("direction_code", "code", "Import or export", codes=codes.DIRECTION),
        Field("declaration_id", "text", "Declaration it was matched to; null if none"),
        Field("match_score", "float", "How surely, 0 to 1"),
    ),
    "entry_day",
)  # fmt: skip
FCT_VISIT_TRACKS = Table(
    "fct_visit_tracks", "One thinned position of one tracked visit, about one a minute, for its map.", ("port_code", "visit_id", "fix_at"),
    (
        _PORT, _VISIT, _DAY,
        Field("fix_at", "instant", "Instant"),
        Field("longitude_deg", "float", "Longitude, WGS 84"),
        Field("latitude_deg", "float", "Latitude, WGS 84"),
    ),
    "entry_day",
)  # fmt: skip
FCT_ZONE_STAYS = Table(
    "fct_zone_stays", "One unbroken presence of one truck in one zone; pieces at most 180 s apart are one stay.", ("port_code", "stay_id"),
    (
        _PORT,
        Field("stay_id", "text", "Digest of port, truck, zone and entry", required=True),
        Field("entered_day", "date", "Local date of entry into the zone", required=True),
        Field("entered_hour", "int", "Local hour of entry, 0 to 23"),
        Field("entered_weekday", "int", "ISO weekday of entry"),
        Field("plate_key", "identity", "Pseudonym of the truck", reads="plate"),
        Field("visit_id", "text", "Visit it belongs to; null if none"),
        Field("zone_code", "code", "Zone", required=True, reference="zones"),
        Field("entered_at", "instant", "Entered", required=True),
        Field("left_at", "instant", "Left", required=True),
        Field("stay_min", "float", "Minutes in the zone"),
        Field("fixes_n", "int", "Fixes behind it"),
    ),
    "entered_day",
)  # fmt: skip
FCT_DECLARATIONS = Table(
    "fct_declarations", "One customs declaration.", ("port_code", "declaration_id"),
    (
        _PORT,
        Field("declaration_id", "text", "Digest of port and declaration key", required=True),
        Field("lodged_day", "date", "Local date it was lodged", required=True),
        Field("lodged_hour", "int", "Local hour it was lodged, 0 to 23"),
        Field("arrived_at", "instant", "Goods arrived: the discharge of the container by the terminals' moves, else the customs event, else for exports the gate-in of the visit that brought them"),
        Field("lodged_at", "instant", "Lodged; null where only the date is known"),
        Field("released_at", "instant", "Released"),
        Field("gate_out_at", "instant", "Its container left the port"),
        Field("office_code", "text", "Customs office"),
        Field("regime_code", "text", "Customs regime"),
        Field("hs_code", "text", "HS heading"),
        Field("channel_code", "code", "Control channel", codes=codes.CHANNEL),
        Field("inspection_result_code", "code", "What an inspection found", codes=codes.INSPECTION_RESULT),
        Field("container_key", "identity", "Pseudonym of the container", reads="container_no"),
        Field("declared_kg", "float", "Gross mass declared for its container, the container itself included; the last one stated"),
        Field("release_min", "float", "Lodged to release"),
        Field("clearance_min", "float", "Arrival to release; 0 when released before the goods arrived"),
        Field("gate_out_min", "float", "Release to gate-out"),
        Field("is_prelodged", "bool", "Lodged before the goods arrived"),
        Field("is_out_before_release", "bool", "Its container left more than 2 minutes before the release; null unless both times are certain"),
        Field("is_out_weighed", "bool", "The visit that took its container out was weighed full; null without a gate-out"),
        Field("order_fault_code", "code", "Set apart, with every minute null: the order of its events is impossible", codes=codes.ORDER_FAULT),
    ),
    "lodged_day",
)  # fmt: skip
FCT_DECLARATION_STAGES = Table(
    "fct_declaration_stages", "One stage of one declaration: the wait for the event that ends it; the stages up to the release sum to the release time.", ("port_code", "declaration_id", "stage_code"),
    (
        _PORT,
        Field("declaration_id", "text", "Declaration", required=True),
        Field("lodged_day", "date", "Local date it was lodged", required=True),
        Field("lodged_hour", "int", "Local hour it was lodged"),
        Field("office_code", "text", "Customs office"),
        Field("regime_code", "text", "Customs regime"),
        Field("hs_code", "text", "HS heading"),
        Field("channel_code", "code", "Control channel", codes=codes.CHANNEL),
        Field("stage_code", "code", "Stage", required=True, codes=codes.DECLARATION_STAGE),
        Field("holder_code", "code", "Who holds the clock: the party whose act ends the stage", required=True, codes=codes.HOLDER),
        Field("started_at", "instant", "Began"),
        Field("ended_at", "instant", "Ended"),
        Field("stage_min", "float", "Minutes"),
        Field("after_arrival_min", "float", "Of them, those after the goods arrived; null where the arrival is not known"),
    ),
    "lodged_day",
)  # fmt: skip
FCT_INSPECTIONS = Table(
    "fct_inspections", "One scan or inspection of one truck.", ("port_code", "inspection_id"),
    (
        _PORT,
        Field("inspection_id", "text", "Digest of port, truck, kind and end", required=True),
        Field("ended_day", "date", "Local date it ended", required=True),
        Field("visit_id", "text", "Visit; null if unmatched"),
        Field("service_code", "code", "Kind", codes=codes.SERVICE_EVENT),
        Field("place_code", "code", "Where", reference="places"),
        Field("arrived_at", "instant", "Arrived"),
        Field("started_at", "instant", "Began"),
        Field("ended_at", "instant", "Ended"),
        Field("verdict_at", "instant", "Result given"),
        Field("inspection_result_code", "code", "What it found", codes=codes.INSPECTION_RESULT),
        Field("wait_min", "float", "Arrival to start"),
        Field("service_min", "float", "Start to end"),
        Field("verdict_min", "float", "End to result"),
    ),
    "ended_day",
)  # fmt: skip
FCT_WEIGHINGS = Table(
    "fct_weighings", "One weighing of one truck.", ("port_code", "weighing_id"),
    (
        _PORT,
        Field("weighing_id", "text", "Digest of port, truck, weighbridge, kind and end", required=True),
        Field("ended_day", "date", "Local date it ended", required=True),
        Field("visit_id", "text", "Visit; null if unmatched"),
        Field("weighing_code", "code", "Empty or full", codes=codes.WEIGHING),
        Field("place_code", "code", "Weighbridge", reference="places"),
        Field("arrived_at", "instant", "Joined the queue"),
        Field("started_at", "instant", "Drove on"),
        Field("ended_at", "instant", "Ticket issued"),
        Field("gross_mass_kg", "float", "Mass read"),
        Field("is_e_slip", "bool", "Ticket sent electronically; null where the log does not say"),
        Field("is_again", "bool", "The same weighing had been made before in this visit"),
        Field("wait_min", "float", "Arrival to start"),
        Field("service_min", "float", "Start to end"),
    ),
    "ended_day",
)  # fmt: skip
FCT_APPOINTMENTS = Table(
    "fct_appointments", "One appointment, in its last known state.", ("port_code", "appointment_ref"),
    (
        _PORT,
        Field("appointment_ref", "text", "Appointment number", required=True),
        Field("slot_day", "date", "Local date of the slot", required=True),
        Field("slot_hour", "int", "Local hour of the slot"),
        Field("slot_start_at", "instant", "Start of the slot"),
        Field("slot_end_at", "instant", "End of the slot"),
        Field("terminal_code", "code", "Terminal", reference="terminals"),
        Field("direction_code", "code", "Direction", codes=codes.DIRECTION),
        Field("carrier_key", "identity", "Pseudonym of the transporter", reads="carrier"),
        Field("outcome_code", "code", "How it ended", codes=codes.APPOINTMENT_OUTCOME),
        Field("visit_id", "text", "Visit that honoured it; null if none"),
        Field("offset_min", "float", "Arrival against the nearer edge of the slot; 0 inside it, negative early"),
    ),
    "slot_day",
)  # fmt: skip
FCT_BOOKINGS = Table(
    "fct_bookings", "One stretch in which one appointment stood at one slot: what was known of it at any instant before.", ("port_code", "appointment_ref", "booked_at"),
    (
        _PORT,
        Field("appointment_ref", "text", "Appointment number", required=True),
        Field("slot_day", "date", "Local date of the slot", required=True),
        Field("slot_hour", "int", "Local hour of the slot"),
        Field("slot_start_at", "instant", "Start of the slot", required=True),
        Field("terminal_code", "code", "Terminal, as far as it was known then", reference="terminals"),
        Field("direction_code", "code", "Direction, as far as it was known then", codes=codes.DIRECTION),
        Field("booked_at", "instant", "Booked, or moved to this slot", required=True),
        Field("until_at", "instant", "Moved, cancelled or refused before the slot was over; null if it stood"),
        Field("booked_local_at", "local", "Booked, local"),
        Field("until_local_at", "local", "Moved, cancelled or refused, local"),
    ),
    "slot_day",
)  # fmt: skip
FCT_SLOTS = Table(
    "fct_slots", "One appointment slot of one terminal, with the places it offered at last.", ("port_code", "terminal_code", "slot_start_at"),
    (
        _PORT,
        Field("slot_day", "date", "Local date of the slot", required=True),
        Field("slot_hour", "int", "Local hour of the slot"),
        Field("slot_start_at", "instant", "Start of the slot", required=True),
        Field("slot_end_at", "instant", "End of the slot"),
        Field("terminal_code", "code", "Terminal", required=True, reference="terminals"),
        Field("offered_n", "int", "Places for trucks, taken or not"),
        Field("published_at", "instant", "When the terminal last said so"),
    ),
    "slot_day",
)  # fmt: skip
FCT_MEANS = Table(
    "fct_means", "One means open from one instant to another.", ("port_code", "means_code", "open_from_at"),
    (
        _PORT,
        Field("open_day", "date", "Local date it opened", required=True),
        Field("means_code", "text", "Means", required=True),
        Field("means_kind_code", "code", "Kind", codes=codes.MEANS),
        Field("place_code", "code", "Service point or lane it serves", reference="places"),
        Field("open_from_at", "instant", "Open from", required=True),
        Field("open_to_at", "instant", "Open until; null while open"),
        Field("open_from_local_at", "local", "Open from, local"),
        Field("open_to_local_at", "local", "Open until, local"),
        Field("capacity_per_hour", "float", "Trucks it can serve in an hour"),
    ),
    "open_day",
)  # fmt: skip
FCT_LOGBOOK = Table(
    "fct_logbook", "One logbook entry.", ("port_code", "entry_ref"),
    (
        _PORT,
        Field("entry_ref", "text", "Entry number", required=True),
        Field("started_day", "date", "Local date it began", required=True),
        Field("logbook_code", "code", "Kind", codes=codes.LOGBOOK),
        Field("place_code", "code", "Where; null for the whole port", reference="places"),
        Field("started_at", "instant", "Began", required=True),
        Field("ended_at", "instant", "Ended; null while it lasts"),
        Field("started_local_at", "local", "Began, local"),
        Field("ended_local_at", "local", "Ended, local"),
        Field("visit_id", "text", "Visit a trouble ticket names"),
    ),
    "started_day",
)  # fmt: skip
FCT_MANIFESTS = Table(
    "fct_manifests", "One filing of one US-bound box, in its last known state. It names neither the box nor what made it a risk.", ("port_code", "filing_id"),
    (
        _PORT,
        Field("filing_id", "text", "Digest of port, container key and filing", required=True),
        Field("filed_day", "date", "Local date of the filing", required=True),
        Field("filed_hour", "int", "Local hour of the filing, 0 to 23"),
        Field("filed_at", "instant", "Manifest filed", required=True),
        Field("loading_at", "instant", "Loaded on the ship, or due to be"),
        Field("terminal_code", "code", "Terminal it is loaded at", reference="terminals"),
        Field("risk_tier_code", "code", "Risk tier", codes=codes.RISK_TIER),
        Field("referred_at", "instant", "Referred to the host customs; null if it was not"),
        Field("host_answer_code", "code", "What the host answered", codes=codes.HOST_ANSWER),
        Field("has_nii", "bool", "Scanned"),
        Field("has_physical", "bool", "Opened and inspected"),
        Field("inspection_result_code", "code", "What the inspection found", codes=codes.INSPECTION_RESULT),
        Field("resolved_at", "instant", "Hold lifted, or the box cleared for loading"),
        Field("lead_min", "float", "Filing to loading; negative when it was filed after the loading"),
        Field("hold_min", "float", "Referral to resolution"),
        Field("visit_id", "text", "Visit that brought it to the port; null if none is known"),
    ),
    "filed_day",
)  # fmt: skip
FCT_MESSAGES = Table(
    "fct_messages", "One electronic message exchanged with one partner.", ("port_code", "message_id"),
    (
        _PORT,
        Field("message_id", "text", "Digest of port, reference, partner and sending", required=True),
        Field("sent_day", "date", "Local date it was sent", required=True),
        Field("sent_hour", "int", "Local hour it was sent, 0 to 23"),
        Field("message_type_code", "code", "Type", required=True, codes=codes.MESSAGE_TYPE),
        Field("partner_code", "code", "Partner", required=True, reference="partners"),
        Field("sent_at", "instant", "Sent", required=True),
        Field("received_at", "instant", "Received; null if it never was"),
        Field("message_answer_code", "code", "Accepted or rejected; null without an answer", codes=codes.MESSAGE_ANSWER),
        Field("message_reason_code", "code", "Why it was rejected", codes=codes.MESSAGE_REASON),
        Field("latency_min", "float", "Sent to received"),
        Field("lead_min", "float", "Received (else sent) to the arrival it announces; negative when it came after it"),
    ),
    "sent_day",
)  # fmt: skip
FCT_CONTAINER_MOVES = Table(
    "fct_container_moves", "One move of one container into or out of a terminal; a move that ends a stay says how long it was.", ("port_code", "move_id"),
    (
        _PORT,
        Field("move_id", "text", "Digest of port, container key, move and instant", required=True),
        Field("moved_day", "date", "Local date of the move", required=True),
        Field("moved_hour", "int", "Local hour of the move, 0 to 23"),
        Field("move_code", "code", "Which way it moved", required=True, codes=codes.MOVE),
        Field("terminal_code", "code", "Terminal", reference="terminals"),
        Field("cargo_class_code", "code", "Cargo class", codes=codes.CARGO_CLASS),
        Field("moved_at", "instant", "When", required=True),
        Field("since_at", "instant", "When the stay that this move ends began; null if it ends none"),
        Field("dwell_min", "float", "Stay in the terminal: discharge to delivery, or receipt to loading"),
    ),
    "moved_day",
)  # fmt: skip
DQ_FINDINGS = Table(
    "dq_findings", "One oddity that was found in good rows and is counted, not dropped.", ("port_code", "finding_code", "file_id", "source_line", "visit_id"),
    (
        _PORT,
        Field("day", "date", "Local date it concerns", required=True),
        Field("finding_code", "code", "What was found", required=True, codes=codes.FINDING),
        Field("source_code", "code", "Source", codes=codes.SOURCE),
        Field("file_id", "text", "File; null for a finding about a visit"),
        Field("source_line", "int", "Line"),
        Field("visit_id", "text", "Visit; null for a finding about a line"),
        Field("detail", "text", "In words, without identities"),
    ),
    "day",
)  # fmt: skip
DQ_SET_APART = Table(
    "dq_set_apart", "One line of one declaration that is set apart because the order of its events is impossible. The line itself is good and counted as such; what is refused is the declaration they make together.",
    ("port_code", "file_id", "source_line"),
    (
        _PORT,
        Field("declaration_id", "text", "Declaration", required=True),
        Field("lodged_day", "date", "Local date it was lodged", required=True),
        Field("order_fault_code", "code", "Why: the first rule its events break", required=True, codes=codes.ORDER_FAULT),
        Field("event_code", "code", "What the line says", codes=codes.CUSTOMS_EVENT),
        Field("event_at", "instant", "When; null where only the date is known"),
        Field("event_local_at", "local", "When, local"),
        Field("event_on", "date", "Local date of it"),
        Field("file_id", "text", "File", required=True),
        Field("source_line", "int", "Line", required=True),
    ),
    "lodged_day",
)  # fmt: skip
DQ_SOURCE_DAYS = Table(
    "dq_source_days", "One source (or one place of it) on one local day: rows, coverage, clock offset.", ("port_code", "source_code", "place_code", "day"),
    (
        _PORT,
        Field("day", "date", "Local date", required=True),
        Field("source_code", "code", "Source", required=True, codes=codes.SOURCE),
        Field("place_code", "text", "Gate, terminal or weighbridge whose clock it is; '' for the whole source", required=True),
        Field("rows_n", "int", "Good rows"),
        Field("unmatched_n", "int", "Rows that belong to no visit"),
        Field("offset_min", "float", "Median offset against the port gate's clock, beyond the usual"),
        Field("is_clock_fault", "bool", "Offset is 60 +- 2 minutes either way"),
    ),
    "day",
)  # fmt: skip

FACT_TABLES: tuple[Table, ...] = (
    FCT_VISITS, FCT_VISIT_STEPS, FCT_VISIT_EVENTS, FCT_VISIT_CONTAINERS, FCT_VISIT_TRACKS, FCT_ZONE_STAYS, FCT_DECLARATIONS, FCT_DECLARATION_STAGES,
    FCT_INSPECTIONS, FCT_WEIGHINGS, FCT_APPOINTMENTS, FCT_MEANS, FCT_LOGBOOK, DQ_FINDINGS, DQ_SOURCE_DAYS,
    FCT_MANIFESTS, FCT_MESSAGES, FCT_CONTAINER_MOVES, FCT_BOOKINGS, FCT_SLOTS, DQ_SET_APART,
)  # fmt: skip

# Small tables written whole at each publish.
DQ_FILES = Table(
    "dq_files", "One file that was offered for loading.", ("port_code", "file_id"),
    (
        _PORT,
        Field("file_id", "text", "First 16 hex digits of the SHA-256", required=True),
        Field("file_name", "text", "Name as it lay in the inbox", required=True),
        Field("source_code", "code", "Source", codes=codes.SOURCE),
        Field("mapping_name", "text", "Mapping it was read by"),
        Field("status_code", "code", "Loaded or refused", required=True, codes=codes.FILE_STATUS),
        Field("file_on", "date", "Date the file is of"),
        Field("bytes_n", "int", "Size"),
        Field("read_n", "int", "Records read: every physical line but header and blank ones"),
        Field("good_n", "int", "Good rows"),
        Field("rejected_n", "int", "Rejected rows"),
        Field("duplicate_n", "int", "Rows another record of the same key supersedes"),
        Field("first_event_at", "instant", "Oldest event in it"),
        Field("last_event_at", "instant", "Newest event in it"),
        Field("key_id", "text", "Names the pseudonym key its rows are under; null: loaded before keys were named"),
        Field("message", "text", "Why it was refused"),
    ),
)  # fmt: skip
DQ_FILE_DAYS = Table(
    "dq_file_days", "One file on one local day: how its rows ended.", ("port_code", "file_id", "day"),
    (
        _PORT,
        Field("file_id", "text", "File", required=True),
        Field("source_code", "code", "Source", codes=codes.SOURCE),
        Field("day", "date", "Local date of the rows; for rejects, of the file", required=True),
        Field("good_n", "int", "Good rows"),
        Field("rejected_n", "int", "Rejected rows"),
        Field("duplicate_n", "int", "Superseded rows"),
    ),
)  # fmt: skip
DQ_REJECTS = Table(
    "dq_rejects", "One rejected line.", ("port_code", "file_id", "source_line"),
    (
        _PORT,
        Field("file_id", "text", "File", required=True),
        Field("file_name", "text", "Name of the file"),
        Field("source_code", "code", "Source", codes=codes.SOURCE),
        Field("source_line", "int", "Line", required=True),
        Field("day", "date", "Date of the file"),
        Field("reason_codes", "list", "All reasons"),
        Field("reasons", "text", "All reasons in words: what was found, what is known"),
        Field("masked_line", "text", "The line with every letter and digit of identities masked"),
    ),
)  # fmt: skip
META_BUILDS = Table(
    "meta_builds", "The build: what it was made from and by which rules. One row.", ("build_id",),
    (
        _PORT,
        Field("build_id", "text", "Digest of inputs, rules and reference", required=True),
        Field("built_at", "instant", "When it was published"),
        Field("now_at", "instant", "Newest event of any source: the dashboard's 'now'"),
        Field("now_local_at", "local", "The same, local"),
        Field("port_name", "text", "Port"),
        Field("port_name_en", "text", "Name in English"),
        Field("port_name_fr", "text", "Name in French"),
        Field("port_name_ar", "text", "Name in Arabic"),
        Field("zone_name", "text", "IANA zone"),
        Field("rules_version", "text", "Version of the transforms"),
        Field("tzdata_version", "text", "Version of the time-zone data"),
        Field("key_id", "text", "Names the pseudonym key without revealing it: pseudonyms of two builds can be compared where it is the same"),
        Field("is_sample", "bool", "Fictitious demonstration data"),
        Field("files_n", "int", "Files behind it"),
    ),
)  # fmt: skip
META_FRESHNESS = Table(
    "meta_freshness", "One source: how far its data reach.", ("port_code", "source_code"),
    (
        _PORT,
        Field("source_code", "code", "Source", required=True, codes=codes.SOURCE),
        Field("first_event_at", "instant", "Oldest event"),
        Field("last_event_at", "instant", "Newest event"),
        Field("last_event_local_at", "local", "Newest event, local"),
        Field("files_n", "int", "Files"),
        Field("rows_n", "int", "Good rows"),
    ),
)  # fmt: skip
LEDGER_TABLES: tuple[Table, ...] = (DQ_FILES, DQ_FILE_DAYS, DQ_REJECTS, META_BUILDS, META_FRESHNESS)
