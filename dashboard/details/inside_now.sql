-- Trucks inside at the gate log's newest line: one row. Visits open for more than 24 h are counted apart (long_n), never as trucks inside.
WITH reading AS (
  SELECT coalesce((SELECT max(last_event_at) FROM meta_freshness WHERE source_code = 'gate' AND port_code = $port_code), max(now_at)) AS reading_at FROM meta_builds
)
SELECT
  reading_at,
  (SELECT max(last_event_local_at) FROM meta_freshness WHERE source_code = 'gate' AND port_code = $port_code) AS reading_local_at,
  count(*) FILTER (WHERE v.entry_at > reading_at - INTERVAL 24 HOUR) AS inside_n,
  count(*) FILTER (WHERE v.entry_at <= reading_at - INTERVAL 24 HOUR) AS long_n
FROM reading
LEFT JOIN fct_visits AS v
  ON v.port_code = $port_code AND v.status_code = 'open' AND v.entry_at <= reading_at AND v.entry_day >= CAST(reading_at AS DATE) - 5
GROUP BY reading_at
