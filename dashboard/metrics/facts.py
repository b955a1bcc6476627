"""FACTS: the tables metrics are asked of, with the column of each filter. One written list."""

from __future__ import annotations

from dashboard.metrics.definitions import Fact

_VISIT_FILTERS = {
    "gate": "entry_gate_code", "lane": "entry_lane_code", "terminal": "terminal_code", "direction": "direction_code",
    "cargo": "cargo_class_code", "appointment": "appointment_code", "channel": "channel_code",
}  # fmt: skip

_FACTS = (
    Fact("visits", "fct_visits", "entry_day", "entry_hour", "entry_at", _VISIT_FILTERS, excludes="is_excluded"),
    Fact(
        "exits", "fct_visits", "CAST(exit_local_at AS DATE)", "hour(exit_local_at)", "exit_at", _VISIT_FILTERS, excludes="is_excluded",
        prune="entry_day >= $first_day - 4 AND entry_day < $end_day",
    ),
    Fact("steps", "fct_visit_steps", "entry_day", "entry_hour", "arrived_at", _VISIT_FILTERS, excludes="is_excluded"),
    Fact("stays", "fct_zone_stays", "entered_day", "entered_hour", "entered_at", {}, via_visit=True),
    Fact("declarations", "fct_declarations", "lodged_day", None, "lodged_at", {"channel": "channel_code"}),
    Fact("stages", "fct_declaration_stages", "lodged_day", None, "started_at", {"channel": "channel_code"}),
    Fact("weighings", "fct_weighings", "ended_day", None, "ended_at", {}, via_visit=True),
    Fact("checks", "(SELECT * FROM fct_visit_events WHERE event_code = 'document_check')", "entry_day", None, "event_at", {}, via_visit=True),
    # Each time a document is handed over and its form is known, of the visits whose checks are recorded: weighing tickets, and what a driver shows, which is paper.
    Fact(
        "documents",
        "(SELECT port_code, ended_day AS day, visit_id, place_code, 'ticket' AS document_code, is_e_slip AS is_electronic FROM fct_weighings\n"
        "      WHERE is_e_slip IS NOT NULL AND visit_id IN (SELECT visit_id FROM fct_visits WHERE document_checks_n IS NOT NULL)\n"
        "    UNION ALL SELECT port_code, entry_day, visit_id, place_code, 'check', false FROM fct_visit_events WHERE event_code = 'document_check')",
        "day", None, None, {}, via_visit=True,
    ),
    Fact("inspections", "fct_inspections", "ended_day", None, "ended_at", {}, via_visit=True),
    Fact("appointments", "fct_appointments", "slot_day", "slot_hour", "slot_start_at", {"terminal": "terminal_code", "direction": "direction_code"}),
    Fact("bookings", "fct_bookings", "slot_day", "slot_hour", "slot_start_at", {"terminal": "terminal_code", "direction": "direction_code"}),
    Fact("slots", "fct_slots", "slot_day", "slot_hour", "slot_start_at", {"terminal": "terminal_code"}),
    Fact("manifests", "fct_manifests", "filed_day", "filed_hour", "filed_at", {"terminal": "terminal_code"}),
    Fact("messages", "fct_messages", "sent_day", "sent_hour", "sent_at"),
    Fact("moves", "fct_container_moves", "moved_day", "moved_hour", "moved_at", {"terminal": "terminal_code", "cargo": "cargo_class_code"}),
    Fact("logbook", "fct_logbook", "started_day", "hour(started_local_at)", "started_at"),
    Fact("files", "dq_file_days", "day", None, None),
    Fact("rejects", "(SELECT *, unnest(reason_codes) AS reason_code FROM dq_rejects)", "day", None, None),
    Fact("findings", "dq_findings", "day", None, None),
    Fact("source_days", "dq_source_days", "day", None, None),
)  # fmt: skip
FACTS: dict[str, Fact] = {fact.code: fact for fact in _FACTS}
