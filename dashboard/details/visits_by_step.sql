-- One visit with a given step a row, newest last: the visits behind a bar of "where the minutes go". Columns as in visits.sql.
SELECT
  visit_id, 'Truck ' || upper(left(plate_key, 6)) AS truck, entry_day, entry_at, entry_local_at, exit_at, exit_local_at, status_code, clock_flag,
  entry_gate_code, entry_lane_code, exit_lane_code, terminal_code, direction_code, cargo_class_code, channel_code, appointment_code, arm_code, pilot_period_code,
  turnaround_min, queue_min, total_visit_min, terminal_turn_min, wait_min, service_min, travel_min, stops_n, document_checks_n, moves_n,
  has_inspection, has_trouble_ticket, has_closure, is_excluded, is_tracked, is_overnight, has_both_weighings
FROM fct_visits
WHERE {where}
  AND visit_id IN (SELECT visit_id FROM fct_visit_steps WHERE port_code = $port_code AND entry_day >= $first_day AND entry_day < $end_day AND step_code = $step)
ORDER BY entry_at, visit_id
