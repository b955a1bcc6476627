-- The steps and gaps of one visit; their minutes sum to its turnaround.
SELECT step_seq, step_code, step_kind_code, place_code, arrived_at, arrived_local_at, started_at, ended_at, wait_min, service_min, step_min
FROM fct_visit_steps
WHERE port_code = $port_code AND visit_id = $visit_id
ORDER BY step_seq
