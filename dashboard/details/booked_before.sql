-- Appointments of each local day and hour as they were known at the midnight before: later bookings, moves and cancellations are not looked at.
SELECT slot_day AS day, slot_hour AS hour, count(*) AS booked_n
FROM fct_bookings
WHERE port_code = $port_code AND slot_day >= $first_day AND slot_day < $end_day
  AND booked_local_at < CAST(slot_day AS TIMESTAMP) AND (until_local_at IS NULL OR until_local_at >= CAST(slot_day AS TIMESTAMP))
GROUP BY ALL
ORDER BY day, hour
