-- One rejected line a row, identities masked.
SELECT DISTINCT day, file_name, source_code, source_line, array_to_string(reason_codes, ' ') AS reason_codes, reasons, masked_line
FROM (SELECT *, unnest(reason_codes) AS reason_code FROM dq_rejects)
WHERE {where}
ORDER BY day, file_name, source_line
