-- Trucks that came in, by local day and hour: all, those without an appointment, and how long the observed ones of them had queued. An hour without a truck has no row.
SELECT
  entry_day AS day, entry_hour AS hour, count(*) AS entries_n, count(*) FILTER (WHERE coalesce(appointment_code, 'none') = 'none') AS unbooked_n,
  quantile_cont(queue_min, 0.5) AS queue_p50, count(queue_min) AS queue_n
FROM fct_visits
WHERE port_code = $port_code AND entry_day >= $first_day AND entry_day < $end_day
GROUP BY ALL
ORDER BY day, hour
