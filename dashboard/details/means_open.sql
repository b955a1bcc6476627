-- Means open in each local hour of the day, averaged over the days of the period: a kind of means and an hour a row.
WITH hours AS (
  SELECT unnest(generate_series(CAST($first_day AS TIMESTAMP), CAST($end_day AS TIMESTAMP) - INTERVAL 1 HOUR, INTERVAL 1 HOUR)) AS hour_local_at
), now AS (
  SELECT max(now_local_at) AS now_local_at FROM meta_builds
), known AS (
  SELECT hour_local_at FROM hours, now WHERE hour_local_at <= now_local_at
), open_then AS (
  SELECT means_kind_code, means_code, capacity_per_hour, open_from_local_at, coalesce(open_to_local_at, (SELECT now_local_at FROM now)) AS open_to_local_at
  FROM fct_means
  WHERE port_code = $port_code AND open_day >= $first_day - 3 AND open_day < $end_day
), shares AS (
  SELECT
    hour_local_at, means_kind_code, capacity_per_hour,
    greatest(0, epoch(least(open_to_local_at, hour_local_at + INTERVAL 1 HOUR)) - epoch(greatest(open_from_local_at, hour_local_at))) / 3600 AS open_share
  FROM known
  JOIN open_then ON open_from_local_at < hour_local_at + INTERVAL 1 HOUR AND open_to_local_at > hour_local_at
)
SELECT
  means_kind_code, hour(hour_local_at) AS hour, sum(open_share) / (SELECT count(DISTINCT CAST(hour_local_at AS DATE)) FROM known) AS open_n,
  sum(open_share * capacity_per_hour) / (SELECT count(DISTINCT CAST(hour_local_at AS DATE)) FROM known) AS capacity_per_hour
FROM shares
GROUP BY means_kind_code, hour(hour_local_at)
ORDER BY means_kind_code, hour
