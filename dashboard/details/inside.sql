-- Trucks inside at the start of each local hour of the period. A truck counts as inside for 24 h at most: longer ones are counted apart
-- (long_n), and visits whose gate-out was never seen (incomplete) are no truck at all.
WITH now AS (
  SELECT max(now_at) AS now_at, max(now_local_at) AS now_local_at FROM meta_builds
), visits AS (
  SELECT entry_local_at, coalesce(exit_local_at, (SELECT now_local_at FROM now) + INTERVAL 1 SECOND) AS gone_local_at
  FROM fct_visits
  WHERE port_code = $port_code AND entry_day >= $first_day - 4 AND entry_day < $end_day AND status_code <> 'incomplete'
), changes AS (
  SELECT entry_local_at AS moved_at, 1 AS inside, 0 AS long FROM visits
  UNION ALL
  SELECT least(gone_local_at, entry_local_at + INTERVAL 24 HOUR), -1, 0 FROM visits
  UNION ALL
  SELECT entry_local_at + INTERVAL 24 HOUR, 0, 1 FROM visits WHERE gone_local_at > entry_local_at + INTERVAL 24 HOUR
  UNION ALL
  SELECT gone_local_at, 0, -1 FROM visits WHERE gone_local_at > entry_local_at + INTERVAL 24 HOUR
), by_hour AS (
  SELECT time_bucket(INTERVAL 1 HOUR, moved_at + INTERVAL 1 HOUR - INTERVAL 1 MICROSECOND) AS hour_local_at, sum(inside) AS inside, sum(long) AS long
  FROM changes
  GROUP BY 1
), hours AS (
  SELECT unnest(generate_series(CAST($first_day AS TIMESTAMP) - INTERVAL 4 DAY, CAST($end_day AS TIMESTAMP), INTERVAL 1 HOUR)) AS hour_local_at
), running AS (
  SELECT
    hours.hour_local_at, CAST(sum(coalesce(inside, 0)) OVER (ORDER BY hours.hour_local_at) AS BIGINT) AS inside_n,
    CAST(sum(coalesce(long, 0)) OVER (ORDER BY hours.hour_local_at) AS BIGINT) AS long_n
  FROM hours
  LEFT JOIN by_hour USING (hour_local_at)
)
SELECT hour_local_at, inside_n, long_n
FROM running, now
WHERE hour_local_at >= $first_day AND hour_local_at < $end_day AND hour_local_at <= now_local_at
ORDER BY hour_local_at
