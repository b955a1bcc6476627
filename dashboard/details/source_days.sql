-- One source, or one place of it, on one local day a row.
SELECT day, source_code, place_code, rows_n, unmatched_n, offset_min, is_clock_fault
FROM dq_source_days
WHERE port_code = $port_code AND day >= $first_day AND day < $end_day
ORDER BY day, source_code, place_code
