-- Trucks inside at the start of each local hour of the period. A truck counts as inside for 24 h at most: longer ones are counted apart
-- (long_n), and visits whose gate-out was never seen (incomplete) are no truck at all.
WITH now AS (
  SELECT max(now_at) AS now_at, max(now_local_at) AS now_local_at FROM meta_builds
), visits AS (
  SELECT entry_local_at, coalesce(exit_local_at, (SELECT now_local_at FROM now) + INTERVAL 1 SECOND) AS gone_local_at
  FROM fct_visits
  WHERE port_code = $port_code AND entry_day >= $first_day - 4 AND entry_day < $end_day AND status_code <> 'incomplete'
), by_hours AS ( -- visits by the first full hour (counted from 1970) after entry and after exit: one pass over the visits
  SELECT
    (epoch_us(entry_local_at) + 3599999999) // 3600000000 AS entry_hour, (epoch_us(gone_local_at) + 3599999999) // 3600000000 AS gone_hour,
    epoch_us(gone_local_at) - epoch_us(entry_local_at) > 86400000000 AS is_long, count(*) AS n
  FROM visits
  GROUP BY ALL
), changes AS (
  SELECT entry_hour AS hour, n AS inside, 0 AS long FROM by_hours
  UNION ALL
  SELECT CASE WHEN is_long THEN entry_hour + 24 ELSE gone_hour END, -n, 0 FROM by_hours
  UNION ALL
  SELECT entry_hour + 24, 0, n FROM by_hours WHERE is_long
  UNION ALL
  SELECT gone_hour, 0, -n FROM by_hours WHERE is_long
), by_hour AS (
  SELECT make_timestamp(hour * 3600000000) AS hour_local_at, sum(inside) AS inside, sum(long) AS long
  FROM changes
  GROUP BY hour
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
