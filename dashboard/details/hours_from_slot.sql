-- Trucks with an appointment, by local day and by whole hours between the start of their slot and their entry (0: within its first hour; -2 and 2 stand for further off).
SELECT entry_day AS day, CAST(greatest(-2, least(2, floor(epoch(entry_at - slot_start_at) / 3600))) AS BIGINT) AS hours_from_slot, count(*) AS trucks_n
FROM fct_visits
WHERE port_code = $port_code AND entry_day >= $first_day AND entry_day < $end_day AND slot_start_at IS NOT NULL
GROUP BY ALL
ORDER BY day, hours_from_slot
