-- One logbook entry a row.
SELECT entry_ref, started_day, logbook_code, place_code, started_at, started_local_at, ended_at, ended_local_at, visit_id
FROM fct_logbook
WHERE {where}
ORDER BY started_at, entry_ref
