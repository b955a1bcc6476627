-- One kind of means in one zone in one local hour of the day: how many were open on average over the days, and how many there are.
-- Days are those on which any means of the kind was open, so that a port that logs no means on some days is not read as shut.
WITH open AS (
  SELECT f.means_kind_code, p.zone_code, f.means_code, f.open_from_local_at AS from_at, coalesce(f.open_to_local_at, now_local_at) AS to_at
  FROM meta_builds, fct_means AS f
  LEFT JOIN dim_service_points AS p ON p.place_code = f.place_code
  WHERE f.port_code = $port_code AND f.open_day >= $first_day - 7 AND f.open_day < $end_day AND coalesce(f.open_to_local_at, now_local_at) > $first_day
), total AS (
  SELECT means_kind_code, zone_code, count(DISTINCT means_code) AS total_n FROM open GROUP BY ALL
), pieces AS (
  SELECT
    means_kind_code, zone_code, from_at, to_at,
    unnest(generate_series(date_trunc('hour', greatest(from_at, CAST($first_day AS TIMESTAMP))), least(to_at, CAST($end_day AS TIMESTAMP)), INTERVAL 1 HOUR)) AS hour_at
  FROM open
), shares AS (
  SELECT means_kind_code, zone_code, hour_at, greatest(epoch(least(to_at, hour_at + INTERVAL 1 HOUR)) - epoch(greatest(from_at, hour_at)), 0) / 3600 AS open_share
  FROM pieces
  WHERE hour_at >= $first_day AND hour_at < $end_day
), days AS (
  SELECT means_kind_code, count(DISTINCT CAST(hour_at AS DATE)) AS days_n FROM shares WHERE open_share > 0 GROUP BY ALL
)
SELECT
  t.means_kind_code, t.zone_code, CAST(h.hour AS BIGINT) AS hour, CAST(coalesce(sum(s.open_share), 0) / any_value(d.days_n) AS DOUBLE) AS open_n,
  CAST(any_value(t.total_n) AS BIGINT) AS total_n, CAST(any_value(d.days_n) AS BIGINT) AS days
FROM total AS t
JOIN days AS d ON d.means_kind_code = t.means_kind_code
CROSS JOIN (SELECT unnest(range(24)) AS hour) AS h
LEFT JOIN shares AS s ON s.means_kind_code = t.means_kind_code AND s.zone_code IS NOT DISTINCT FROM t.zone_code AND hour(s.hour_at) = h.hour
GROUP BY ALL
ORDER BY t.means_kind_code, t.zone_code, hour
