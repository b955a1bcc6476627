-- One appointment a row, in its last known state, without the transporter.
SELECT appointment_ref, slot_day, slot_hour, slot_start_at, slot_end_at, terminal_code, direction_code, outcome_code, visit_id, offset_min
FROM fct_appointments
WHERE {where}
ORDER BY slot_start_at, appointment_ref
