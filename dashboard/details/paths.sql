-- One way through the service points a row, commonest first: how many visits took it and how long they stayed. The last row, without a way, is all the rarer ones together.
WITH kept AS (
  SELECT path_codes, turnaround_min FROM fct_visits
  WHERE {where} AND path_codes IS NOT NULL
), counted AS (
  SELECT path_codes, row_number() OVER (ORDER BY count(*) DESC, path_codes) AS place FROM kept GROUP BY path_codes
)
SELECT
  CASE WHEN place <= TRY_CAST($top AS INTEGER) THEN place END AS place, CASE WHEN place <= TRY_CAST($top AS INTEGER) THEN path_codes END AS path_codes, count(*) AS visits_n, count(DISTINCT place) AS paths_n,
  quantile_cont(turnaround_min, 0.5) AS turnaround_p50, quantile_cont(turnaround_min, 0.9) AS turnaround_p90
FROM kept JOIN counted USING (path_codes)
GROUP BY ALL
ORDER BY place NULLS LAST
