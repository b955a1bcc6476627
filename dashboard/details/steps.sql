-- One service point or gap of one visit a row.
SELECT visit_id, entry_day, step_seq, step_code, step_kind_code, place_code, arrived_at, arrived_local_at, started_at, ended_at, wait_min, service_min, step_min
FROM fct_visit_steps
WHERE {where}
ORDER BY entry_day, visit_id, step_seq
