-- One visit a row, newest last. The truck is shown by the first six digits of its pseudonym only.
SELECT
  visit_id, 'Truck ' || upper(left(plate_key, 6)) AS truck, entry_day, entry_at, entry_local_at, exit_at, exit_local_at, status_code, clock_flag,
  entry_gate_code, entry_lane_code, exit_lane_code, terminal_code, direction_code, cargo_class_code, channel_code, appointment_code, arm_code, pilot_period_code,
  turnaround_min, queue_min, total_visit_min, terminal_turn_min, wait_min, service_min, travel_min, stops_n, document_checks_n, moves_n,
  has_inspection, has_trouble_ticket, has_closure, is_excluded, is_tracked, is_overnight, has_both_weighings
FROM fct_visits
WHERE {where}
ORDER BY entry_at, visit_id
