-- One file that was offered for loading a row, newest first. All files of the port: the period does not apply.
SELECT file_id, file_name, source_code, mapping_name, status_code, file_on, bytes_n, read_n, good_n, rejected_n, duplicate_n, first_event_at, last_event_at, message
FROM dq_files
WHERE port_code = $port_code
ORDER BY file_on DESC NULLS LAST, file_name
