-- Tracked trucks that stand in the queue before the gate at the start of each local hour (a share of the true queue: see queue_observed_share).
WITH zones AS (
  SELECT zone_code FROM dim_zones WHERE zone_kind_code = 'queue'
), local AS (
  SELECT min(now_local_at - now_at) AS offset_now FROM meta_builds
), stays AS (
  SELECT
    CAST(entered_day AS TIMESTAMP) + to_hours(entered_hour) + (entered_at - date_trunc('hour', entered_at)) AS from_local_at, left_at - entered_at AS length
  FROM fct_zone_stays
  WHERE port_code = $port_code AND entered_day >= $first_day - 1 AND entered_day < $end_day AND zone_code IN (SELECT zone_code FROM zones)
), hours AS (
  SELECT unnest(generate_series(CAST($first_day AS TIMESTAMP), CAST($end_day AS TIMESTAMP) - INTERVAL 1 HOUR, INTERVAL 1 HOUR)) AS hour_local_at
), changes AS (
  SELECT from_local_at AS moved_at, 1 AS step FROM stays
  UNION ALL
  SELECT from_local_at + length, -1 FROM stays
), by_hour AS (
  SELECT time_bucket(INTERVAL 1 HOUR, moved_at + INTERVAL 1 HOUR - INTERVAL 1 MICROSECOND) AS hour_local_at, sum(step) AS step
  FROM changes
  GROUP BY 1
), every AS (
  SELECT hour_local_at FROM hours
  UNION
  SELECT hour_local_at FROM by_hour
), running AS (
  SELECT hour_local_at, CAST(sum(coalesce(step, 0)) OVER (ORDER BY hour_local_at) AS BIGINT) AS queuing_n
  FROM every
  LEFT JOIN by_hour USING (hour_local_at)
)
SELECT hour_local_at, queuing_n
FROM running
WHERE hour_local_at IN (SELECT hour_local_at FROM hours) AND hour_local_at <= (SELECT max(now_local_at) FROM meta_builds)
ORDER BY hour_local_at
