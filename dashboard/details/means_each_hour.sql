-- Means that every truck passes (lanes, weighbridges, yard equipment, exit desks) open at half past each local hour, by kind.
WITH spans AS (
  SELECT
    f.means_kind_code, greatest(f.open_from_local_at, CAST($first_day AS TIMESTAMP)) AS from_at,
    least(coalesce(f.open_to_local_at, now_local_at), now_local_at, CAST($end_day AS TIMESTAMP)) AS to_at
  FROM meta_builds, fct_means AS f
  WHERE f.port_code = $port_code AND f.open_day >= $first_day - 7 AND f.open_day < $end_day
    AND f.means_kind_code IN ('lane', 'weighbridge', 'yard_equipment', 'exit_desk')
), changes AS (
  SELECT means_kind_code, from_at AS changed_at, 1 AS step FROM spans WHERE from_at < to_at
  UNION ALL
  SELECT means_kind_code, to_at, -1 FROM spans WHERE from_at < to_at
), by_point AS (
  SELECT means_kind_code, time_bucket(INTERVAL 1 HOUR, changed_at + INTERVAL 30 MINUTE - INTERVAL 1 MICROSECOND) AS hour_at, sum(step) AS step
  FROM changes
  GROUP BY ALL
), points AS (
  SELECT means_kind_code, hour_at
  FROM (SELECT DISTINCT means_kind_code FROM spans)
  CROSS JOIN (SELECT unnest(generate_series(CAST($first_day AS TIMESTAMP), CAST($end_day AS TIMESTAMP) - INTERVAL 1 HOUR, INTERVAL 1 HOUR)) AS hour_at)
), running AS (
  SELECT p.means_kind_code, p.hour_at, CAST(sum(coalesce(b.step, 0)) OVER (PARTITION BY p.means_kind_code ORDER BY p.hour_at) AS BIGINT) AS open_n
  FROM points AS p
  LEFT JOIN by_point AS b ON b.means_kind_code = p.means_kind_code AND b.hour_at = p.hour_at
)
SELECT CAST(hour_at AS DATE) AS day, hour(hour_at) AS hour, means_kind_code, open_n
FROM running
WHERE hour_at + INTERVAL 30 MINUTE <= (SELECT max(now_local_at) FROM meta_builds)
ORDER BY day, hour, means_kind_code
