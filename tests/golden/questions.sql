-- split, totals, limits
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
    AND entry_lane_code = ANY($f_lane)
    AND channel_code = ANY($f_channel)
    AND is_excluded IS NOT TRUE
)
SELECT
  terminal_code AS terminal,
  direction_code AS direction,
  grouping(terminal_code, direction_code) > 0 AS is_total,
  list_sort(list(turnaround_min) FILTER (WHERE turnaround_min IS NOT NULL))[CAST(floor((count(turnaround_min) - 1) * 0.5) AS BIGINT) + 1] + (list_sort(list(turnaround_min) FILTER (WHERE turnaround_min IS NOT NULL))[CAST(ceil((count(turnaround_min) - 1) * 0.5) AS BIGINT) + 1] - list_sort(list(turnaround_min) FILTER (WHERE turnaround_min IS NOT NULL))[CAST(floor((count(turnaround_min) - 1) * 0.5) AS BIGINT) + 1]) * ((count(turnaround_min) - 1) * 0.5 - floor((count(turnaround_min) - 1) * 0.5)) AS turnaround_p50,
  count(turnaround_min) AS turnaround_p50__n,
  list_sort(list(turnaround_min) FILTER (WHERE turnaround_min IS NOT NULL))[greatest(1, CAST(floor(count(turnaround_min) * 0.5 - 1.959964 * sqrt(count(turnaround_min) * 0.5 * (1 - 0.5))) AS BIGINT))] AS turnaround_p50__low,
  list_sort(list(turnaround_min) FILTER (WHERE turnaround_min IS NOT NULL))[least(count(turnaround_min), CAST(ceil(count(turnaround_min) * 0.5 + 1.959964 * sqrt(count(turnaround_min) * 0.5 * (1 - 0.5))) AS BIGINT) + 1)] AS turnaround_p50__high,
  count(*) FILTER (WHERE turnaround_min IS NOT NULL AND (turnaround_min > 120)) / nullif(count(turnaround_min), 0) AS over_120_share,
  count(turnaround_min) AS over_120_share__n
FROM kept
GROUP BY GROUPING SETS ((terminal_code, direction_code), ());
-- {'port_code': 'MACAS', 'first_day': datetime.date(2026, 9, 7), 'end_day': datetime.date(2026, 10, 5), 'f_lane': ['6A'], 'f_channel': ['conform']}

-- by day
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
    AND entry_lane_code = ANY($f_lane)
    AND channel_code = ANY($f_channel)
    AND is_excluded IS NOT TRUE
)
SELECT
  entry_day AS period,
  count(*) AS visits,
  count(*) AS visits__n
FROM kept
GROUP BY entry_day;
-- {'port_code': 'MACAS', 'first_day': datetime.date(2026, 9, 7), 'end_day': datetime.date(2026, 10, 5), 'f_lane': ['6A'], 'f_channel': ['conform']}

-- comparison, cut by now
WITH kept AS (
  SELECT * REPLACE (CASE WHEN exit_at < $cut_at THEN turnaround_min END AS turnaround_min, CASE WHEN exit_at < $cut_at THEN total_visit_min END AS total_visit_min, CASE WHEN exit_at < $cut_at THEN terminal_turn_min END AS terminal_turn_min, CASE WHEN exit_at < $cut_at THEN wait_min END AS wait_min, CASE WHEN exit_at < $cut_at THEN service_min END AS service_min, CASE WHEN exit_at < $cut_at THEN travel_min END AS travel_min, CASE WHEN exit_at < $cut_at THEN stops_n END AS stops_n,
    CASE WHEN exit_at < $cut_at THEN status_code WHEN status_code = 'incomplete' AND entry_at < $cut_at - INTERVAL 72 HOUR THEN 'incomplete' ELSE 'open' END AS status_code)
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
    AND (entry_at IS NULL OR entry_at < $cut_at)
    AND entry_lane_code = ANY($f_lane)
    AND channel_code = ANY($f_channel)
    AND is_excluded IS NOT TRUE
)
SELECT
  CAST(date_trunc('week', (entry_day + $shift_days)) AS DATE) AS period,
  quantile_cont(turnaround_min, 0.9) AS turnaround_p90,
  count(turnaround_min) AS turnaround_p90__n
FROM kept
GROUP BY CAST(date_trunc('week', (entry_day + $shift_days)) AS DATE);
-- {'port_code': 'MACAS', 'first_day': datetime.date(2026, 8, 10), 'end_day': datetime.date(2026, 9, 7), 'f_lane': ['6A'], 'f_channel': ['conform'], 'shift_days': 28, 'cut_at': datetime.datetime(2026, 9, 6, 15, 0)}

-- zones through visits
WITH kept AS (
  SELECT *
  FROM fct_zone_stays
  WHERE port_code = $port_code
    AND entered_day >= $first_day
    AND entered_day < $end_day
    AND visit_id IN (SELECT visit_id FROM fct_visits WHERE port_code = $port_code AND entry_day >= $first_day - 4 AND entry_day < $end_day + 2 AND entry_lane_code = ANY($f_lane) AND channel_code = ANY($f_channel) AND is_excluded IS NOT TRUE)
), free_stay AS (
  SELECT zone_code AS free_zone_code, quantile_cont(stay_min, 0.15) AS free_stay_min
  FROM fct_zone_stays
  WHERE port_code = $port_code AND entered_day >= $reference_first_day AND entered_day < $reference_end_day
    AND stay_min IS NOT NULL
  GROUP BY zone_code
)
SELECT
  zone_code AS zone,
  (entered_weekday - 1) * 24 + entered_hour AS hour_of_week,
  quantile_cont(stay_min / nullif(free_stay_min, 0), 0.5) AS congestion_index,
  count(*) FILTER (WHERE (stay_min / nullif(free_stay_min, 0)) IS NOT NULL) AS congestion_index__n
FROM (SELECT kept.*, free_stay.free_stay_min FROM kept LEFT JOIN free_stay ON free_zone_code = zone_code)
GROUP BY zone_code, (entered_weekday - 1) * 24 + entered_hour;
-- {'port_code': 'MACAS', 'first_day': datetime.date(2026, 9, 7), 'end_day': datetime.date(2026, 10, 5), 'f_lane': ['6A'], 'f_channel': ['conform'], 'reference_first_day': datetime.date(2026, 7, 13), 'reference_end_day': datetime.date(2026, 10, 5)}

-- lost hours
WITH kept AS (
  SELECT *
  FROM fct_visit_steps
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
    AND entry_lane_code = ANY($f_lane)
    AND channel_code = ANY($f_channel)
    AND is_excluded IS NOT TRUE
), free_wait AS (
  SELECT place_code AS free_place_code, step_code AS free_step_code, quantile_cont((CASE WHEN step_code = 'terminal' THEN step_min ELSE wait_min END), 0.15) AS free_wait_min
  FROM fct_visit_steps
  WHERE port_code = $port_code AND entry_day >= $reference_first_day AND entry_day < $reference_end_day
    AND step_kind_code = 'service' AND (CASE WHEN step_code = 'terminal' THEN step_min ELSE wait_min END) IS NOT NULL
  GROUP BY place_code, step_code
)
SELECT
  place_code AS place,
  sum(greatest((CASE WHEN step_code = 'terminal' THEN step_min ELSE wait_min END) - free_wait_min, 0)) / 60 AS lost_hours,
  count(*) AS lost_hours__n
FROM (SELECT kept.*, free_wait.free_wait_min FROM kept LEFT JOIN free_wait ON free_place_code IS NOT DISTINCT FROM place_code AND free_step_code = step_code WHERE step_kind_code = 'service' AND (CASE WHEN step_code = 'terminal' THEN step_min ELSE wait_min END) IS NOT NULL)
GROUP BY place_code;
-- {'port_code': 'MACAS', 'first_day': datetime.date(2026, 9, 7), 'end_day': datetime.date(2026, 10, 5), 'f_lane': ['6A'], 'f_channel': ['conform'], 'reference_first_day': datetime.date(2026, 7, 13), 'reference_end_day': datetime.date(2026, 10, 5)}
