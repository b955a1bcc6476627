-- One file on one local day a row.
SELECT d.day, d.source_code, f.file_name, f.status_code, d.good_n + d.rejected_n + d.duplicate_n AS read_n, d.good_n, d.rejected_n, d.duplicate_n
FROM dq_file_days AS d
LEFT JOIN dq_files AS f ON f.file_id = d.file_id AND f.port_code = d.port_code
WHERE d.port_code = $port_code AND d.day >= $first_day AND d.day < $end_day
ORDER BY d.day DESC, d.source_code, f.file_name
