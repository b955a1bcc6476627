-- One logbook entry that is no trouble ticket and overlaps the period, with the zone it lies in.
SELECT entry_ref, logbook_code, l.place_code, coalesce(z.zone_code, p.zone_code) AS zone_code, started_local_at, ended_local_at,
       CAST(hour(greatest(started_local_at, CAST($first_day AS TIMESTAMP))) AS BIGINT) AS first_hour
FROM fct_logbook AS l
LEFT JOIN dim_service_points AS p USING (place_code)
LEFT JOIN dim_zones AS z ON z.zone_code = l.place_code
WHERE l.port_code = $port_code AND l.started_day >= $first_day - 30 AND l.started_day < $end_day AND coalesce(ended_local_at, CAST($end_day AS TIMESTAMP)) > $first_day
  AND logbook_code <> 'trouble_ticket'
ORDER BY started_local_at, entry_ref
