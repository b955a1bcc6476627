-- Every log line of one visit with its file, in the order of time: from the number back to the rows.
SELECT e.event_at, e.event_local_at, e.source_code, e.event_code, e.place_code, e.authority_code, e.match_score, f.file_name, e.source_line, e.file_id
FROM fct_visit_events AS e
LEFT JOIN dq_files AS f ON f.file_id = e.file_id AND f.port_code = e.port_code
WHERE e.port_code = $port_code AND e.visit_id = $visit_id
ORDER BY e.event_at, f.file_name, e.source_line
