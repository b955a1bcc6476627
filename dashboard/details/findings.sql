-- One oddity found in good rows a row, with the file it was read from.
SELECT f.day, f.finding_code, f.source_code, d.file_name, f.source_line, f.visit_id, f.detail
FROM (SELECT * FROM dq_findings WHERE {where}) AS f
LEFT JOIN dq_files AS d ON d.file_id = f.file_id AND d.port_code = f.port_code
ORDER BY f.day, f.finding_code, d.file_name, f.source_line, f.visit_id
