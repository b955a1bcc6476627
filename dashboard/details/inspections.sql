-- One scan or inspection a row.
SELECT inspection_id, visit_id, ended_day, service_code, place_code, arrived_at, started_at, ended_at, verdict_at, inspection_result_code, wait_min, service_min, verdict_min
FROM fct_inspections
WHERE {where}
ORDER BY ended_at, inspection_id
