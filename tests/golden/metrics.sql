-- visits
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) AS visits,
  count(*) AS visits__n
FROM kept;

-- closed_visits
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE status_code = 'closed') AS closed_visits,
  count(*) FILTER (WHERE status_code = 'closed') AS closed_visits__n
FROM kept;

-- excluded_visits
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE is_excluded) AS excluded_visits,
  count(*) FILTER (WHERE is_excluded) AS excluded_visits__n
FROM kept;

-- entries_per_hour
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) AS entries_per_hour,
  count(*) AS entries_per_hour__n
FROM kept;

-- exits
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND CAST(exit_local_at AS DATE) >= $first_day
    AND CAST(exit_local_at AS DATE) < $end_day
    AND entry_day >= $first_day - 4 AND entry_day < $end_day
)
SELECT
  count(*) AS exits,
  count(*) AS exits__n
FROM kept;

-- exits_per_hour
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND CAST(exit_local_at AS DATE) >= $first_day
    AND CAST(exit_local_at AS DATE) < $end_day
    AND entry_day >= $first_day - 4 AND entry_day < $end_day
)
SELECT
  count(*) AS exits_per_hour,
  count(*) AS exits_per_hour__n
FROM kept;

-- turnaround_p50
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  quantile_cont(turnaround_min, 0.5) AS turnaround_p50,
  count(turnaround_min) AS turnaround_p50__n
FROM kept;

-- turnaround_p90
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  quantile_cont(turnaround_min, 0.9) AS turnaround_p90,
  count(turnaround_min) AS turnaround_p90__n
FROM kept;

-- turnaround_p95
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  quantile_cont(turnaround_min, 0.95) AS turnaround_p95,
  count(turnaround_min) AS turnaround_p95__n
FROM kept;

-- turnaround_p25
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  quantile_cont(turnaround_min, 0.25) AS turnaround_p25,
  count(turnaround_min) AS turnaround_p25__n
FROM kept;

-- turnaround_p75
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  quantile_cont(turnaround_min, 0.75) AS turnaround_p75,
  count(turnaround_min) AS turnaround_p75__n
FROM kept;

-- turnaround_mean
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  avg(turnaround_min) AS turnaround_mean,
  count(turnaround_min) AS turnaround_mean__n
FROM kept;

-- under_60_share
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE turnaround_min IS NOT NULL AND (turnaround_min <= 60)) / nullif(count(turnaround_min), 0) AS under_60_share,
  count(turnaround_min) AS under_60_share__n
FROM kept;

-- over_120_share
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE turnaround_min IS NOT NULL AND (turnaround_min > 120)) / nullif(count(turnaround_min), 0) AS over_120_share,
  count(turnaround_min) AS over_120_share__n
FROM kept;

-- band_b1
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE turnaround_min IS NOT NULL AND (turnaround_min < 30)) / nullif(count(turnaround_min), 0) AS band_b1,
  count(turnaround_min) AS band_b1__n
FROM kept;

-- band_b2
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE turnaround_min IS NOT NULL AND (turnaround_min >= 30 AND turnaround_min < 60)) / nullif(count(turnaround_min), 0) AS band_b2,
  count(turnaround_min) AS band_b2__n
FROM kept;

-- band_b3
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE turnaround_min IS NOT NULL AND (turnaround_min >= 60 AND turnaround_min < 90)) / nullif(count(turnaround_min), 0) AS band_b3,
  count(turnaround_min) AS band_b3__n
FROM kept;

-- band_b4
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE turnaround_min IS NOT NULL AND (turnaround_min >= 90 AND turnaround_min < 120)) / nullif(count(turnaround_min), 0) AS band_b4,
  count(turnaround_min) AS band_b4__n
FROM kept;

-- band_b5
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE turnaround_min IS NOT NULL AND (turnaround_min >= 120 AND turnaround_min < 240)) / nullif(count(turnaround_min), 0) AS band_b5,
  count(turnaround_min) AS band_b5__n
FROM kept;

-- band_b6
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE turnaround_min IS NOT NULL AND (turnaround_min >= 240 AND turnaround_min < 480)) / nullif(count(turnaround_min), 0) AS band_b6,
  count(turnaround_min) AS band_b6__n
FROM kept;

-- band_b7
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE turnaround_min IS NOT NULL AND (turnaround_min >= 480)) / nullif(count(turnaround_min), 0) AS band_b7,
  count(turnaround_min) AS band_b7__n
FROM kept;

-- band4_m1
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE turnaround_min IS NOT NULL AND (turnaround_min < 60)) / nullif(count(turnaround_min), 0) AS band4_m1,
  count(turnaround_min) AS band4_m1__n
FROM kept;

-- band4_m2
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE turnaround_min IS NOT NULL AND (turnaround_min >= 60 AND turnaround_min < 120)) / nullif(count(turnaround_min), 0) AS band4_m2,
  count(turnaround_min) AS band4_m2__n
FROM kept;

-- band4_m3
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE turnaround_min IS NOT NULL AND (turnaround_min >= 120 AND turnaround_min < 240)) / nullif(count(turnaround_min), 0) AS band4_m3,
  count(turnaround_min) AS band4_m3__n
FROM kept;

-- band4_m4
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE turnaround_min IS NOT NULL AND (turnaround_min >= 240)) / nullif(count(turnaround_min), 0) AS band4_m4,
  count(turnaround_min) AS band4_m4__n
FROM kept;

-- queue_p50
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  quantile_cont(queue_min, 0.5) AS queue_p50,
  count(queue_min) AS queue_p50__n
FROM kept;

-- queue_p90
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  quantile_cont(queue_min, 0.9) AS queue_p90,
  count(queue_min) AS queue_p90__n
FROM kept;

-- queue_observed_share
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE (queue_min IS NOT NULL)) / nullif(count(*), 0) AS queue_observed_share,
  count(*) AS queue_observed_share__n
FROM kept;

-- total_visit_p50
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  quantile_cont(total_visit_min, 0.5) AS total_visit_p50,
  count(total_visit_min) AS total_visit_p50__n
FROM kept;

-- total_visit_p95
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  quantile_cont(total_visit_min, 0.95) AS total_visit_p95,
  count(total_visit_min) AS total_visit_p95__n
FROM kept;

-- planning_time
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  coalesce(quantile_cont(total_visit_min, 0.95) FILTER (WHERE total_visit_min IS NOT NULL), quantile_cont(turnaround_min, 0.95) FILTER (WHERE turnaround_min IS NOT NULL)) AS planning_time,
  count(total_visit_min) AS planning_time__n
FROM kept;

-- terminal_turn_p50
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  quantile_cont(terminal_turn_min, 0.5) AS terminal_turn_p50,
  count(terminal_turn_min) AS terminal_turn_p50__n
FROM kept;

-- terminal_turn_p90
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  quantile_cont(terminal_turn_min, 0.9) AS terminal_turn_p90,
  count(terminal_turn_min) AS terminal_turn_p90__n
FROM kept;

-- wait_mean
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  avg(wait_min) AS wait_mean,
  count(wait_min) AS wait_mean__n
FROM kept;

-- service_mean
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  avg(service_min) AS service_mean,
  count(service_min) AS service_mean__n
FROM kept;

-- travel_mean
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  avg(travel_min) AS travel_mean,
  count(travel_min) AS travel_mean__n
FROM kept;

-- stops_mean
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  avg(stops_n) AS stops_mean,
  count(stops_n) AS stops_mean__n
FROM kept;

-- document_checks_mean
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  avg(document_checks_n) AS document_checks_mean,
  count(document_checks_n) AS document_checks_mean__n
FROM kept;

-- document_checks_coverage
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE (document_checks_n IS NOT NULL)) / nullif(count(*), 0) AS document_checks_coverage,
  count(*) AS document_checks_coverage__n
FROM kept;

-- moves
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  sum(moves_n) AS moves,
  count(moves_n) AS moves__n
FROM kept;

-- visits_with_moves
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE moves_n IS NOT NULL) AS visits_with_moves,
  count(moves_n) AS visits_with_moves__n
FROM kept;

-- moves_per_visit
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  sum(moves_n) / nullif(count(*) FILTER (WHERE moves_n IS NOT NULL), 0) AS moves_per_visit,
  count(moves_n) AS moves_per_visit__n
FROM kept;

-- dual_share
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE direction_code IS NOT NULL AND (direction_code = 'dual')) / nullif(count(direction_code), 0) AS dual_share,
  count(direction_code) AS dual_share__n
FROM kept;

-- both_weighings_share
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE status_code = 'closed' AND clock_flag = 'ok' AND has_both_weighings IS NOT NULL AND (has_both_weighings)) / nullif(count(*) FILTER (WHERE status_code = 'closed' AND clock_flag = 'ok' AND has_both_weighings IS NOT NULL), 0) AS both_weighings_share,
  count(*) FILTER (WHERE status_code = 'closed' AND clock_flag = 'ok' AND has_both_weighings IS NOT NULL) AS both_weighings_share__n
FROM kept;

-- inspected_share
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE has_inspection IS NOT NULL AND (has_inspection)) / nullif(count(has_inspection), 0) AS inspected_share,
  count(has_inspection) AS inspected_share__n
FROM kept;

-- trouble_share
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE has_trouble_ticket IS NOT NULL AND (has_trouble_ticket)) / nullif(count(has_trouble_ticket), 0) AS trouble_share,
  count(has_trouble_ticket) AS trouble_share__n
FROM kept;

-- overnight_share
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE is_overnight IS NOT NULL AND (is_overnight)) / nullif(count(is_overnight), 0) AS overnight_share,
  count(is_overnight) AS overnight_share__n
FROM kept;

-- tracked_share
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE is_tracked IS NOT NULL AND (is_tracked)) / nullif(count(is_tracked), 0) AS tracked_share,
  count(is_tracked) AS tracked_share__n
FROM kept;

-- missing_exit_share
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE status_code <> 'open' AND (status_code = 'incomplete')) / nullif(count(*) FILTER (WHERE status_code <> 'open'), 0) AS missing_exit_share,
  count(*) FILTER (WHERE status_code <> 'open') AS missing_exit_share__n
FROM kept;

-- clock_uncertain_share
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE (clock_flag <> 'ok')) / nullif(count(*), 0) AS clock_uncertain_share,
  count(*) AS clock_uncertain_share__n
FROM kept;

-- step_visits
WITH kept AS (
  SELECT *
  FROM fct_visit_steps
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) AS step_visits,
  count(*) AS step_visits__n
FROM kept;

-- step_wait_p50
WITH kept AS (
  SELECT *
  FROM fct_visit_steps
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  quantile_cont(wait_min, 0.5) AS step_wait_p50,
  count(wait_min) AS step_wait_p50__n
FROM kept;

-- step_wait_p90
WITH kept AS (
  SELECT *
  FROM fct_visit_steps
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  quantile_cont(wait_min, 0.9) AS step_wait_p90,
  count(wait_min) AS step_wait_p90__n
FROM kept;

-- step_service_p50
WITH kept AS (
  SELECT *
  FROM fct_visit_steps
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  quantile_cont(service_min, 0.5) AS step_service_p50,
  count(service_min) AS step_service_p50__n
FROM kept;

-- step_p50
WITH kept AS (
  SELECT *
  FROM fct_visit_steps
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  quantile_cont(step_min, 0.5) AS step_p50,
  count(step_min) AS step_p50__n
FROM kept;

-- step_p90
WITH kept AS (
  SELECT *
  FROM fct_visit_steps
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  quantile_cont(step_min, 0.9) AS step_p90,
  count(step_min) AS step_p90__n
FROM kept;

-- step_wait_mean
WITH kept AS (
  SELECT *
  FROM fct_visit_steps
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  avg(wait_min) AS step_wait_mean,
  count(wait_min) AS step_wait_mean__n
FROM kept;

-- step_service_mean
WITH kept AS (
  SELECT *
  FROM fct_visit_steps
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  avg(service_min) AS step_service_mean,
  count(service_min) AS step_service_mean__n
FROM kept;

-- step_mean
WITH kept AS (
  SELECT *
  FROM fct_visit_steps
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  avg(step_min) AS step_mean,
  count(step_min) AS step_mean__n
FROM kept;

-- step_min_sum
WITH kept AS (
  SELECT *
  FROM fct_visit_steps
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  sum(step_min) AS step_min_sum,
  count(step_min) AS step_min_sum__n
FROM kept;

-- wait_min_sum
WITH kept AS (
  SELECT *
  FROM fct_visit_steps
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  sum(wait_min) AS wait_min_sum,
  count(wait_min) AS wait_min_sum__n
FROM kept;

-- service_min_sum
WITH kept AS (
  SELECT *
  FROM fct_visit_steps
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  sum(service_min) AS service_min_sum,
  count(service_min) AS service_min_sum__n
FROM kept;

-- lost_hours
WITH kept AS (
  SELECT *
  FROM fct_visit_steps
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
), free_wait AS (
  SELECT place_code AS free_place_code, step_code AS free_step_code, quantile_cont((CASE WHEN step_code = 'terminal' THEN step_min ELSE wait_min END), 0.15) AS free_wait_min
  FROM fct_visit_steps
  WHERE port_code = $port_code AND entry_day >= $reference_first_day AND entry_day < $reference_end_day
    AND step_kind_code = 'service' AND (CASE WHEN step_code = 'terminal' THEN step_min ELSE wait_min END) IS NOT NULL
  GROUP BY place_code, step_code
)
SELECT
  sum(greatest((CASE WHEN step_code = 'terminal' THEN step_min ELSE wait_min END) - free_wait_min, 0)) / 60 AS lost_hours,
  count(*) AS lost_hours__n
FROM (SELECT kept.*, free_wait.free_wait_min FROM kept LEFT JOIN free_wait ON free_place_code IS NOT DISTINCT FROM place_code AND free_step_code = step_code WHERE step_kind_code = 'service' AND (CASE WHEN step_code = 'terminal' THEN step_min ELSE wait_min END) IS NOT NULL);

-- stays
WITH kept AS (
  SELECT *
  FROM fct_zone_stays
  WHERE port_code = $port_code
    AND entered_day >= $first_day
    AND entered_day < $end_day
)
SELECT
  count(*) FILTER (WHERE stay_min IS NOT NULL) AS stays,
  count(stay_min) AS stays__n
FROM kept;

-- stay_p50
WITH kept AS (
  SELECT *
  FROM fct_zone_stays
  WHERE port_code = $port_code
    AND entered_day >= $first_day
    AND entered_day < $end_day
)
SELECT
  quantile_cont(stay_min, 0.5) AS stay_p50,
  count(stay_min) AS stay_p50__n
FROM kept;

-- stay_p90
WITH kept AS (
  SELECT *
  FROM fct_zone_stays
  WHERE port_code = $port_code
    AND entered_day >= $first_day
    AND entered_day < $end_day
)
SELECT
  quantile_cont(stay_min, 0.9) AS stay_p90,
  count(stay_min) AS stay_p90__n
FROM kept;

-- congestion_index
WITH kept AS (
  SELECT *
  FROM fct_zone_stays
  WHERE port_code = $port_code
    AND entered_day >= $first_day
    AND entered_day < $end_day
), free_stay AS (
  SELECT zone_code AS free_zone_code, quantile_cont(stay_min, 0.15) AS free_stay_min
  FROM fct_zone_stays
  WHERE port_code = $port_code AND entered_day >= $reference_first_day AND entered_day < $reference_end_day
    AND stay_min IS NOT NULL
  GROUP BY zone_code
)
SELECT
  quantile_cont(stay_min / nullif(free_stay_min, 0), 0.5) AS congestion_index,
  count(*) FILTER (WHERE (stay_min / nullif(free_stay_min, 0)) IS NOT NULL) AS congestion_index__n
FROM (SELECT kept.*, free_stay.free_stay_min FROM kept LEFT JOIN free_stay ON free_zone_code = zone_code);

-- tracked_trucks
WITH kept AS (
  SELECT *
  FROM fct_zone_stays
  WHERE port_code = $port_code
    AND entered_day >= $first_day
    AND entered_day < $end_day
)
SELECT
  count(DISTINCT plate_key) FILTER (WHERE plate_key IS NOT NULL) AS tracked_trucks,
  count(plate_key) AS tracked_trucks__n
FROM kept;

-- inspections
WITH kept AS (
  SELECT *
  FROM fct_inspections
  WHERE port_code = $port_code
    AND ended_day >= $first_day
    AND ended_day < $end_day
)
SELECT
  count(*) AS inspections,
  count(*) AS inspections__n
FROM kept;

-- hit_share
WITH kept AS (
  SELECT *
  FROM fct_inspections
  WHERE port_code = $port_code
    AND ended_day >= $first_day
    AND ended_day < $end_day
)
SELECT
  count(*) FILTER (WHERE inspection_result_code IS NOT NULL AND (inspection_result_code = 'hit')) / nullif(count(inspection_result_code), 0) AS hit_share,
  count(inspection_result_code) AS hit_share__n
FROM kept;

-- inspection_wait_p50
WITH kept AS (
  SELECT *
  FROM fct_inspections
  WHERE port_code = $port_code
    AND ended_day >= $first_day
    AND ended_day < $end_day
)
SELECT
  quantile_cont(wait_min, 0.5) AS inspection_wait_p50,
  count(wait_min) AS inspection_wait_p50__n
FROM kept;

-- inspection_service_p50
WITH kept AS (
  SELECT *
  FROM fct_inspections
  WHERE port_code = $port_code
    AND ended_day >= $first_day
    AND ended_day < $end_day
)
SELECT
  quantile_cont(service_min, 0.5) AS inspection_service_p50,
  count(service_min) AS inspection_service_p50__n
FROM kept;

-- verdict_p50
WITH kept AS (
  SELECT *
  FROM fct_inspections
  WHERE port_code = $port_code
    AND ended_day >= $first_day
    AND ended_day < $end_day
)
SELECT
  quantile_cont(verdict_min, 0.5) AS verdict_p50,
  count(verdict_min) AS verdict_p50__n
FROM kept;

-- unweighed_exit_share
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE status_code = 'closed' AND clock_flag = 'ok' AND has_weigh_full IS NOT NULL AND (NOT has_weigh_full)) / nullif(count(*) FILTER (WHERE status_code = 'closed' AND clock_flag = 'ok' AND has_weigh_full IS NOT NULL), 0) AS unweighed_exit_share,
  count(*) FILTER (WHERE status_code = 'closed' AND clock_flag = 'ok' AND has_weigh_full IS NOT NULL) AS unweighed_exit_share__n
FROM kept;

-- weighings
WITH kept AS (
  SELECT *
  FROM fct_weighings
  WHERE port_code = $port_code
    AND ended_day >= $first_day
    AND ended_day < $end_day
)
SELECT
  count(*) AS weighings,
  count(*) AS weighings__n
FROM kept;

-- e_slip_share
WITH kept AS (
  SELECT *
  FROM fct_weighings
  WHERE port_code = $port_code
    AND ended_day >= $first_day
    AND ended_day < $end_day
)
SELECT
  count(*) FILTER (WHERE is_e_slip IS NOT NULL AND (is_e_slip)) / nullif(count(is_e_slip), 0) AS e_slip_share,
  count(is_e_slip) AS e_slip_share__n
FROM kept;

-- re_weigh_share
WITH kept AS (
  SELECT *
  FROM fct_weighings
  WHERE port_code = $port_code
    AND ended_day >= $first_day
    AND ended_day < $end_day
)
SELECT
  count(*) FILTER (WHERE is_again IS NOT NULL AND (is_again)) / nullif(count(is_again), 0) AS re_weigh_share,
  count(is_again) AS re_weigh_share__n
FROM kept;

-- weighing_wait_p50
WITH kept AS (
  SELECT *
  FROM fct_weighings
  WHERE port_code = $port_code
    AND ended_day >= $first_day
    AND ended_day < $end_day
)
SELECT
  quantile_cont(wait_min, 0.5) AS weighing_wait_p50,
  count(wait_min) AS weighing_wait_p50__n
FROM kept;

-- weighing_wait_p90
WITH kept AS (
  SELECT *
  FROM fct_weighings
  WHERE port_code = $port_code
    AND ended_day >= $first_day
    AND ended_day < $end_day
)
SELECT
  quantile_cont(wait_min, 0.9) AS weighing_wait_p90,
  count(wait_min) AS weighing_wait_p90__n
FROM kept;

-- weighing_p50
WITH kept AS (
  SELECT *
  FROM fct_weighings
  WHERE port_code = $port_code
    AND ended_day >= $first_day
    AND ended_day < $end_day
)
SELECT
  quantile_cont(service_min, 0.5) AS weighing_p50,
  count(service_min) AS weighing_p50__n
FROM kept;

-- weighing_p90
WITH kept AS (
  SELECT *
  FROM fct_weighings
  WHERE port_code = $port_code
    AND ended_day >= $first_day
    AND ended_day < $end_day
)
SELECT
  quantile_cont(service_min, 0.9) AS weighing_p90,
  count(service_min) AS weighing_p90__n
FROM kept;

-- declared_mass_within_share
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE weighed_net_kg IS NOT NULL AND declared_kg > 0 AND (abs(weighed_net_kg - declared_kg) <= 0.05 * declared_kg)) / nullif(count(*) FILTER (WHERE weighed_net_kg IS NOT NULL AND declared_kg > 0), 0) AS declared_mass_within_share,
  count(*) FILTER (WHERE weighed_net_kg IS NOT NULL AND declared_kg > 0) AS declared_mass_within_share__n
FROM kept;

-- under_declared_share
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE weighed_net_kg IS NOT NULL AND declared_kg > 0 AND (weighed_net_kg - declared_kg > 0.05 * declared_kg)) / nullif(count(*) FILTER (WHERE weighed_net_kg IS NOT NULL AND declared_kg > 0), 0) AS under_declared_share,
  count(*) FILTER (WHERE weighed_net_kg IS NOT NULL AND declared_kg > 0) AS under_declared_share__n
FROM kept;

-- declared_mass_known_share
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE status_code = 'closed' AND (weighed_net_kg IS NOT NULL AND declared_kg > 0)) / nullif(count(*) FILTER (WHERE status_code = 'closed'), 0) AS declared_mass_known_share,
  count(*) FILTER (WHERE status_code = 'closed') AS declared_mass_known_share__n
FROM kept;

-- document_checks
WITH kept AS (
  SELECT *
  FROM (SELECT * FROM fct_visit_events WHERE event_code = 'document_check')
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) AS document_checks,
  count(*) AS document_checks__n
FROM kept;

-- clearance_p50
WITH kept AS (
  SELECT *
  FROM fct_declarations
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  quantile_cont(clearance_min, 0.5) AS clearance_p50,
  count(clearance_min) AS clearance_p50__n
FROM kept;

-- clearance_p90
WITH kept AS (
  SELECT *
  FROM fct_declarations
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  quantile_cont(clearance_min, 0.9) AS clearance_p90,
  count(clearance_min) AS clearance_p90__n
FROM kept;

-- clearance_mean
WITH kept AS (
  SELECT *
  FROM fct_declarations
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  avg(clearance_min) AS clearance_mean,
  count(clearance_min) AS clearance_mean__n
FROM kept;

-- clearance_sd
WITH kept AS (
  SELECT *
  FROM fct_declarations
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  stddev_samp(clearance_min) FILTER (WHERE clearance_min IS NOT NULL) AS clearance_sd,
  count(clearance_min) AS clearance_sd__n
FROM kept;

-- clearance_4h_share
WITH kept AS (
  SELECT *
  FROM fct_declarations
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  count(*) FILTER (WHERE clearance_min IS NOT NULL AND (clearance_min <= 240)) / nullif(count(clearance_min), 0) AS clearance_4h_share,
  count(clearance_min) AS clearance_4h_share__n
FROM kept;

-- clearance_8h_share
WITH kept AS (
  SELECT *
  FROM fct_declarations
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  count(*) FILTER (WHERE clearance_min IS NOT NULL AND (clearance_min <= 480)) / nullif(count(clearance_min), 0) AS clearance_8h_share,
  count(clearance_min) AS clearance_8h_share__n
FROM kept;

-- clearance_24h_share
WITH kept AS (
  SELECT *
  FROM fct_declarations
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  count(*) FILTER (WHERE clearance_min IS NOT NULL AND (clearance_min <= 1440)) / nullif(count(clearance_min), 0) AS clearance_24h_share,
  count(clearance_min) AS clearance_24h_share__n
FROM kept;

-- clearance_48h_share
WITH kept AS (
  SELECT *
  FROM fct_declarations
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  count(*) FILTER (WHERE clearance_min IS NOT NULL AND (clearance_min <= 2880)) / nullif(count(clearance_min), 0) AS clearance_48h_share,
  count(clearance_min) AS clearance_48h_share__n
FROM kept;

-- clearance_72h_share
WITH kept AS (
  SELECT *
  FROM fct_declarations
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  count(*) FILTER (WHERE clearance_min IS NOT NULL AND (clearance_min <= 4320)) / nullif(count(clearance_min), 0) AS clearance_72h_share,
  count(clearance_min) AS clearance_72h_share__n
FROM kept;

-- clearance_120h_share
WITH kept AS (
  SELECT *
  FROM fct_declarations
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  count(*) FILTER (WHERE clearance_min IS NOT NULL AND (clearance_min <= 7200)) / nullif(count(clearance_min), 0) AS clearance_120h_share,
  count(clearance_min) AS clearance_120h_share__n
FROM kept;

-- clearance_known_share
WITH kept AS (
  SELECT *
  FROM fct_declarations
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  count(*) FILTER (WHERE (clearance_min IS NOT NULL)) / nullif(count(*), 0) AS clearance_known_share,
  count(*) AS clearance_known_share__n
FROM kept;

-- prelodged_share
WITH kept AS (
  SELECT *
  FROM fct_declarations
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  count(*) FILTER (WHERE is_prelodged IS NOT NULL AND (is_prelodged)) / nullif(count(is_prelodged), 0) AS prelodged_share,
  count(is_prelodged) AS prelodged_share__n
FROM kept;

-- gate_out_p90
WITH kept AS (
  SELECT *
  FROM fct_declarations
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  quantile_cont(gate_out_min, 0.9) AS gate_out_p90,
  count(gate_out_min) AS gate_out_p90__n
FROM kept;

-- gate_out_mean
WITH kept AS (
  SELECT *
  FROM fct_declarations
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  avg(gate_out_min) AS gate_out_mean,
  count(gate_out_min) AS gate_out_mean__n
FROM kept;

-- release_sd
WITH kept AS (
  SELECT *
  FROM fct_declarations
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  stddev_samp(release_min) FILTER (WHERE release_min IS NOT NULL) AS release_sd,
  count(release_min) AS release_sd__n
FROM kept;

-- gate_out_sd
WITH kept AS (
  SELECT *
  FROM fct_declarations
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  stddev_samp(gate_out_min) FILTER (WHERE gate_out_min IS NOT NULL) AS gate_out_sd,
  count(gate_out_min) AS gate_out_sd__n
FROM kept;

-- out_before_release_share
WITH kept AS (
  SELECT *
  FROM fct_declarations
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  count(*) FILTER (WHERE is_out_before_release IS NOT NULL AND (is_out_before_release)) / nullif(count(is_out_before_release), 0) AS out_before_release_share,
  count(is_out_before_release) AS out_before_release_share__n
FROM kept;

-- out_without_release_share
WITH kept AS (
  SELECT *
  FROM fct_declarations
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  count(*) FILTER (WHERE gate_out_at IS NOT NULL AND (released_at IS NULL)) / nullif(count(gate_out_at), 0) AS out_without_release_share,
  count(gate_out_at) AS out_without_release_share__n
FROM kept;

-- out_unweighed_share
WITH kept AS (
  SELECT *
  FROM fct_declarations
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  count(*) FILTER (WHERE gate_out_at IS NOT NULL AND released_at IS NOT NULL AND is_out_weighed IS NOT NULL AND (NOT is_out_weighed)) / nullif(count(*) FILTER (WHERE gate_out_at IS NOT NULL AND released_at IS NOT NULL AND is_out_weighed IS NOT NULL), 0) AS out_unweighed_share,
  count(*) FILTER (WHERE gate_out_at IS NOT NULL AND released_at IS NOT NULL AND is_out_weighed IS NOT NULL) AS out_unweighed_share__n
FROM kept;

-- set_apart_share
WITH kept AS (
  SELECT *
  FROM fct_declarations
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  count(*) FILTER (WHERE (order_fault_code IS NOT NULL)) / nullif(count(*), 0) AS set_apart_share,
  count(*) AS set_apart_share__n
FROM kept;

-- stage_mean
WITH kept AS (
  SELECT *
  FROM fct_declaration_stages
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  avg(stage_min) AS stage_mean,
  count(stage_min) AS stage_mean__n
FROM kept;

-- stage_sd
WITH kept AS (
  SELECT *
  FROM fct_declaration_stages
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  stddev_samp(stage_min) FILTER (WHERE stage_min IS NOT NULL) AS stage_sd,
  count(stage_min) AS stage_sd__n
FROM kept;

-- clock_hours
WITH kept AS (
  SELECT *
  FROM fct_declaration_stages
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  sum(after_arrival_min) FILTER (WHERE after_arrival_min IS NOT NULL) / 60 AS clock_hours,
  count(after_arrival_min) AS clock_hours__n
FROM kept;

-- declarations
WITH kept AS (
  SELECT *
  FROM fct_declarations
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  count(*) AS declarations,
  count(*) AS declarations__n
FROM kept;

-- release_p50
WITH kept AS (
  SELECT *
  FROM fct_declarations
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  quantile_cont(release_min, 0.5) AS release_p50,
  count(release_min) AS release_p50__n
FROM kept;

-- release_p90
WITH kept AS (
  SELECT *
  FROM fct_declarations
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  quantile_cont(release_min, 0.9) AS release_p90,
  count(release_min) AS release_p90__n
FROM kept;

-- release_mean
WITH kept AS (
  SELECT *
  FROM fct_declarations
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  avg(release_min) AS release_mean,
  count(release_min) AS release_mean__n
FROM kept;

-- release_48h_share
WITH kept AS (
  SELECT *
  FROM fct_declarations
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  count(*) FILTER (WHERE release_min IS NOT NULL AND (release_min <= 2880)) / nullif(count(release_min), 0) AS release_48h_share,
  count(release_min) AS release_48h_share__n
FROM kept;

-- released_share
WITH kept AS (
  SELECT *
  FROM fct_declarations
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  count(*) FILTER (WHERE (release_min IS NOT NULL)) / nullif(count(*), 0) AS released_share,
  count(*) AS released_share__n
FROM kept;

-- gate_out_p50
WITH kept AS (
  SELECT *
  FROM fct_declarations
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  quantile_cont(gate_out_min, 0.5) AS gate_out_p50,
  count(gate_out_min) AS gate_out_p50__n
FROM kept;

-- physical_share
WITH kept AS (
  SELECT *
  FROM fct_declarations
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  count(*) FILTER (WHERE channel_code IS NOT NULL AND (channel_code = 'physical')) / nullif(count(channel_code), 0) AS physical_share,
  count(channel_code) AS physical_share__n
FROM kept;

-- declaration_hit_share
WITH kept AS (
  SELECT *
  FROM fct_declarations
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  count(*) FILTER (WHERE inspection_result_code IS NOT NULL AND (inspection_result_code = 'hit')) / nullif(count(inspection_result_code), 0) AS declaration_hit_share,
  count(inspection_result_code) AS declaration_hit_share__n
FROM kept;

-- stage_p50
WITH kept AS (
  SELECT *
  FROM fct_declaration_stages
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  quantile_cont(stage_min, 0.5) AS stage_p50,
  count(stage_min) AS stage_p50__n
FROM kept;

-- stage_p90
WITH kept AS (
  SELECT *
  FROM fct_declaration_stages
  WHERE port_code = $port_code
    AND lodged_day >= $first_day
    AND lodged_day < $end_day
)
SELECT
  quantile_cont(stage_min, 0.9) AS stage_p90,
  count(stage_min) AS stage_p90__n
FROM kept;

-- appointments
WITH kept AS (
  SELECT *
  FROM fct_appointments
  WHERE port_code = $port_code
    AND slot_day >= $first_day
    AND slot_day < $end_day
)
SELECT
  count(*) AS appointments,
  count(*) AS appointments__n
FROM kept;

-- appointment_on_time_share
WITH kept AS (
  SELECT *
  FROM fct_appointments
  WHERE port_code = $port_code
    AND slot_day >= $first_day
    AND slot_day < $end_day
)
SELECT
  count(*) FILTER (WHERE outcome_code IN ('on_time', 'early', 'late', 'no_show') AND (outcome_code = 'on_time')) / nullif(count(*) FILTER (WHERE outcome_code IN ('on_time', 'early', 'late', 'no_show')), 0) AS appointment_on_time_share,
  count(*) FILTER (WHERE outcome_code IN ('on_time', 'early', 'late', 'no_show')) AS appointment_on_time_share__n
FROM kept;

-- appointment_early_share
WITH kept AS (
  SELECT *
  FROM fct_appointments
  WHERE port_code = $port_code
    AND slot_day >= $first_day
    AND slot_day < $end_day
)
SELECT
  count(*) FILTER (WHERE outcome_code IN ('on_time', 'early', 'late') AND (outcome_code = 'early')) / nullif(count(*) FILTER (WHERE outcome_code IN ('on_time', 'early', 'late')), 0) AS appointment_early_share,
  count(*) FILTER (WHERE outcome_code IN ('on_time', 'early', 'late')) AS appointment_early_share__n
FROM kept;

-- appointment_late_share
WITH kept AS (
  SELECT *
  FROM fct_appointments
  WHERE port_code = $port_code
    AND slot_day >= $first_day
    AND slot_day < $end_day
)
SELECT
  count(*) FILTER (WHERE outcome_code IN ('on_time', 'early', 'late') AND (outcome_code = 'late')) / nullif(count(*) FILTER (WHERE outcome_code IN ('on_time', 'early', 'late')), 0) AS appointment_late_share,
  count(*) FILTER (WHERE outcome_code IN ('on_time', 'early', 'late')) AS appointment_late_share__n
FROM kept;

-- no_show_share
WITH kept AS (
  SELECT *
  FROM fct_appointments
  WHERE port_code = $port_code
    AND slot_day >= $first_day
    AND slot_day < $end_day
)
SELECT
  count(*) FILTER (WHERE outcome_code IN ('on_time', 'early', 'late', 'no_show') AND (outcome_code = 'no_show')) / nullif(count(*) FILTER (WHERE outcome_code IN ('on_time', 'early', 'late', 'no_show')), 0) AS no_show_share,
  count(*) FILTER (WHERE outcome_code IN ('on_time', 'early', 'late', 'no_show')) AS no_show_share__n
FROM kept;

-- slots_offered
WITH kept AS (
  SELECT *
  FROM fct_slots
  WHERE port_code = $port_code
    AND slot_day >= $first_day
    AND slot_day < $end_day
)
SELECT
  sum(offered_n) AS slots_offered,
  count(*) AS slots_offered__n
FROM kept;

-- slots_given
WITH kept AS (
  SELECT *
  FROM fct_appointments
  WHERE port_code = $port_code
    AND slot_day >= $first_day
    AND slot_day < $end_day
)
SELECT
  count(*) FILTER (WHERE outcome_code NOT IN ('refused', 'cancelled')) AS slots_given,
  count(*) FILTER (WHERE outcome_code NOT IN ('refused', 'cancelled')) AS slots_given__n
FROM kept;

-- slot_refused_share
WITH kept AS (
  SELECT *
  FROM fct_appointments
  WHERE port_code = $port_code
    AND slot_day >= $first_day
    AND slot_day < $end_day
)
SELECT
  count(*) FILTER (WHERE (outcome_code = 'refused')) / nullif(count(*), 0) AS slot_refused_share,
  count(*) AS slot_refused_share__n
FROM kept;

-- slot_cancelled_share
WITH kept AS (
  SELECT *
  FROM fct_appointments
  WHERE port_code = $port_code
    AND slot_day >= $first_day
    AND slot_day < $end_day
)
SELECT
  count(*) FILTER (WHERE (outcome_code = 'cancelled')) / nullif(count(*), 0) AS slot_cancelled_share,
  count(*) AS slot_cancelled_share__n
FROM kept;

-- bookings_known_before
WITH kept AS (
  SELECT *
  FROM fct_bookings
  WHERE port_code = $port_code
    AND slot_day >= $first_day
    AND slot_day < $end_day
)
SELECT
  count(*) FILTER (WHERE booked_local_at < CAST(slot_day AS TIMESTAMP) AND (until_local_at IS NULL OR until_local_at >= CAST(slot_day AS TIMESTAMP))) AS bookings_known_before,
  count(*) FILTER (WHERE booked_local_at < CAST(slot_day AS TIMESTAMP) AND (until_local_at IS NULL OR until_local_at >= CAST(slot_day AS TIMESTAMP))) AS bookings_known_before__n
FROM kept;

-- without_appointment_share
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE (appointment_code IS NULL OR appointment_code = 'none')) / nullif(count(*), 0) AS without_appointment_share,
  count(*) AS without_appointment_share__n
FROM kept;

-- logbook_entries
WITH kept AS (
  SELECT *
  FROM fct_logbook
  WHERE port_code = $port_code
    AND started_day >= $first_day
    AND started_day < $end_day
)
SELECT
  count(*) AS logbook_entries,
  count(*) AS logbook_entries__n
FROM kept;

-- good_rows
WITH kept AS (
  SELECT *
  FROM dq_file_days
  WHERE port_code = $port_code
    AND day >= $first_day
    AND day < $end_day
)
SELECT
  sum(good_n) AS good_rows,
  count(*) AS good_rows__n
FROM kept;

-- rejected_rows
WITH kept AS (
  SELECT *
  FROM dq_file_days
  WHERE port_code = $port_code
    AND day >= $first_day
    AND day < $end_day
)
SELECT
  sum(rejected_n) AS rejected_rows,
  count(*) AS rejected_rows__n
FROM kept;

-- duplicate_rows
WITH kept AS (
  SELECT *
  FROM dq_file_days
  WHERE port_code = $port_code
    AND day >= $first_day
    AND day < $end_day
)
SELECT
  sum(duplicate_n) AS duplicate_rows,
  count(*) AS duplicate_rows__n
FROM kept;

-- read_rows
WITH kept AS (
  SELECT *
  FROM dq_file_days
  WHERE port_code = $port_code
    AND day >= $first_day
    AND day < $end_day
)
SELECT
  sum(good_n + rejected_n + duplicate_n) AS read_rows,
  count(*) AS read_rows__n
FROM kept;

-- rejected_ratio
WITH kept AS (
  SELECT *
  FROM dq_file_days
  WHERE port_code = $port_code
    AND day >= $first_day
    AND day < $end_day
)
SELECT
  sum(rejected_n) / nullif(sum(good_n + rejected_n + duplicate_n), 0) AS rejected_ratio,
  count(*) AS rejected_ratio__n
FROM kept;

-- rejects
WITH kept AS (
  SELECT *
  FROM (SELECT *, unnest(reason_codes) AS reason_code FROM dq_rejects)
  WHERE port_code = $port_code
    AND day >= $first_day
    AND day < $end_day
)
SELECT
  count(*) AS rejects,
  count(*) AS rejects__n
FROM kept;

-- findings
WITH kept AS (
  SELECT *
  FROM dq_findings
  WHERE port_code = $port_code
    AND day >= $first_day
    AND day < $end_day
)
SELECT
  count(*) AS findings,
  count(*) AS findings__n
FROM kept;

-- source_rows
WITH kept AS (
  SELECT *
  FROM dq_source_days
  WHERE port_code = $port_code
    AND day >= $first_day
    AND day < $end_day
)
SELECT
  sum(rows_n) FILTER (WHERE place_code = '') AS source_rows,
  count(*) FILTER (WHERE place_code = '') AS source_rows__n
FROM kept;

-- unmatched_rows
WITH kept AS (
  SELECT *
  FROM dq_source_days
  WHERE port_code = $port_code
    AND day >= $first_day
    AND day < $end_day
)
SELECT
  sum(unmatched_n) FILTER (WHERE place_code = '') AS unmatched_rows,
  count(*) FILTER (WHERE place_code = '') AS unmatched_rows__n
FROM kept;

-- unmatched_ratio
WITH kept AS (
  SELECT *
  FROM dq_source_days
  WHERE port_code = $port_code
    AND day >= $first_day
    AND day < $end_day
)
SELECT
  sum(unmatched_n) FILTER (WHERE place_code = '') / nullif(sum(rows_n) FILTER (WHERE place_code = ''), 0) AS unmatched_ratio,
  count(*) FILTER (WHERE place_code = '') AS unmatched_ratio__n
FROM kept;

-- clock_fault_days
WITH kept AS (
  SELECT *
  FROM dq_source_days
  WHERE port_code = $port_code
    AND day >= $first_day
    AND day < $end_day
)
SELECT
  count(*) FILTER (WHERE is_clock_fault) AS clock_fault_days,
  count(*) FILTER (WHERE is_clock_fault) AS clock_fault_days__n
FROM kept;

-- csi_filings
WITH kept AS (
  SELECT *
  FROM fct_manifests
  WHERE port_code = $port_code
    AND filed_day >= $first_day
    AND filed_day < $end_day
)
SELECT
  count(*) AS csi_filings,
  count(*) AS csi_filings__n
FROM kept;

-- csi_24h_share
WITH kept AS (
  SELECT *
  FROM fct_manifests
  WHERE port_code = $port_code
    AND filed_day >= $first_day
    AND filed_day < $end_day
)
SELECT
  count(*) FILTER (WHERE lead_min IS NOT NULL AND (lead_min >= 1440)) / nullif(count(lead_min), 0) AS csi_24h_share,
  count(lead_min) AS csi_24h_share__n
FROM kept;

-- csi_lead_p50
WITH kept AS (
  SELECT *
  FROM fct_manifests
  WHERE port_code = $port_code
    AND filed_day >= $first_day
    AND filed_day < $end_day
)
SELECT
  quantile_cont(lead_min / 60, 0.5) AS csi_lead_p50,
  count(*) FILTER (WHERE (lead_min / 60) IS NOT NULL) AS csi_lead_p50__n
FROM kept;

-- csi_high_share
WITH kept AS (
  SELECT *
  FROM fct_manifests
  WHERE port_code = $port_code
    AND filed_day >= $first_day
    AND filed_day < $end_day
)
SELECT
  count(*) FILTER (WHERE risk_tier_code IS NOT NULL AND (risk_tier_code = 'high')) / nullif(count(risk_tier_code), 0) AS csi_high_share,
  count(risk_tier_code) AS csi_high_share__n
FROM kept;

-- csi_referrals
WITH kept AS (
  SELECT *
  FROM fct_manifests
  WHERE port_code = $port_code
    AND filed_day >= $first_day
    AND filed_day < $end_day
)
SELECT
  count(*) FILTER (WHERE referred_at IS NOT NULL) AS csi_referrals,
  count(referred_at) AS csi_referrals__n
FROM kept;

-- csi_answered_share
WITH kept AS (
  SELECT *
  FROM fct_manifests
  WHERE port_code = $port_code
    AND filed_day >= $first_day
    AND filed_day < $end_day
)
SELECT
  count(*) FILTER (WHERE referred_at IS NOT NULL AND (host_answer_code IS NOT NULL)) / nullif(count(referred_at), 0) AS csi_answered_share,
  count(referred_at) AS csi_answered_share__n
FROM kept;

-- csi_accepted_share
WITH kept AS (
  SELECT *
  FROM fct_manifests
  WHERE port_code = $port_code
    AND filed_day >= $first_day
    AND filed_day < $end_day
)
SELECT
  count(*) FILTER (WHERE host_answer_code IS NOT NULL AND (host_answer_code = 'accepted')) / nullif(count(host_answer_code), 0) AS csi_accepted_share,
  count(host_answer_code) AS csi_accepted_share__n
FROM kept;

-- csi_nii_share
WITH kept AS (
  SELECT *
  FROM fct_manifests
  WHERE port_code = $port_code
    AND filed_day >= $first_day
    AND filed_day < $end_day
)
SELECT
  count(*) FILTER (WHERE has_nii IS NOT NULL AND (has_nii)) / nullif(count(has_nii), 0) AS csi_nii_share,
  count(has_nii) AS csi_nii_share__n
FROM kept;

-- csi_physical_share
WITH kept AS (
  SELECT *
  FROM fct_manifests
  WHERE port_code = $port_code
    AND filed_day >= $first_day
    AND filed_day < $end_day
)
SELECT
  count(*) FILTER (WHERE has_physical IS NOT NULL AND (has_physical)) / nullif(count(has_physical), 0) AS csi_physical_share,
  count(has_physical) AS csi_physical_share__n
FROM kept;

-- csi_hit_share
WITH kept AS (
  SELECT *
  FROM fct_manifests
  WHERE port_code = $port_code
    AND filed_day >= $first_day
    AND filed_day < $end_day
)
SELECT
  count(*) FILTER (WHERE inspection_result_code IS NOT NULL AND (inspection_result_code = 'hit')) / nullif(count(inspection_result_code), 0) AS csi_hit_share,
  count(inspection_result_code) AS csi_hit_share__n
FROM kept;

-- csi_resolved_share
WITH kept AS (
  SELECT *
  FROM fct_manifests
  WHERE port_code = $port_code
    AND filed_day >= $first_day
    AND filed_day < $end_day
)
SELECT
  count(*) FILTER (WHERE referred_at IS NOT NULL AND loading_at IS NOT NULL AND (coalesce(resolved_at <= loading_at, false))) / nullif(count(*) FILTER (WHERE referred_at IS NOT NULL AND loading_at IS NOT NULL), 0) AS csi_resolved_share,
  count(*) FILTER (WHERE referred_at IS NOT NULL AND loading_at IS NOT NULL) AS csi_resolved_share__n
FROM kept;

-- csi_hold_p50
WITH kept AS (
  SELECT *
  FROM fct_manifests
  WHERE port_code = $port_code
    AND filed_day >= $first_day
    AND filed_day < $end_day
)
SELECT
  quantile_cont(hold_min, 0.5) AS csi_hold_p50,
  count(hold_min) AS csi_hold_p50__n
FROM kept;

-- csi_hold_p90
WITH kept AS (
  SELECT *
  FROM fct_manifests
  WHERE port_code = $port_code
    AND filed_day >= $first_day
    AND filed_day < $end_day
)
SELECT
  quantile_cont(hold_min, 0.9) AS csi_hold_p90,
  count(hold_min) AS csi_hold_p90__n
FROM kept;

-- messages
WITH kept AS (
  SELECT *
  FROM fct_messages
  WHERE port_code = $port_code
    AND sent_day >= $first_day
    AND sent_day < $end_day
)
SELECT
  count(*) AS messages,
  count(*) AS messages__n
FROM kept;

-- message_accepted_share
WITH kept AS (
  SELECT *
  FROM fct_messages
  WHERE port_code = $port_code
    AND sent_day >= $first_day
    AND sent_day < $end_day
)
SELECT
  count(*) FILTER (WHERE message_answer_code IS NOT NULL AND (message_answer_code = 'accepted')) / nullif(count(message_answer_code), 0) AS message_accepted_share,
  count(message_answer_code) AS message_accepted_share__n
FROM kept;

-- message_lost_share
WITH kept AS (
  SELECT *
  FROM fct_messages
  WHERE port_code = $port_code
    AND sent_day >= $first_day
    AND sent_day < $end_day
)
SELECT
  count(*) FILTER (WHERE (received_at IS NULL)) / nullif(count(*), 0) AS message_lost_share,
  count(*) AS message_lost_share__n
FROM kept;

-- message_latency_p50
WITH kept AS (
  SELECT *
  FROM fct_messages
  WHERE port_code = $port_code
    AND sent_day >= $first_day
    AND sent_day < $end_day
)
SELECT
  quantile_cont(latency_min, 0.5) AS message_latency_p50,
  count(latency_min) AS message_latency_p50__n
FROM kept;

-- message_latency_p90
WITH kept AS (
  SELECT *
  FROM fct_messages
  WHERE port_code = $port_code
    AND sent_day >= $first_day
    AND sent_day < $end_day
)
SELECT
  quantile_cont(latency_min, 0.9) AS message_latency_p90,
  count(latency_min) AS message_latency_p90__n
FROM kept;

-- message_ahead_share
WITH kept AS (
  SELECT *
  FROM fct_messages
  WHERE port_code = $port_code
    AND sent_day >= $first_day
    AND sent_day < $end_day
)
SELECT
  count(*) FILTER (WHERE lead_min IS NOT NULL AND (lead_min > 0)) / nullif(count(lead_min), 0) AS message_ahead_share,
  count(lead_min) AS message_ahead_share__n
FROM kept;

-- message_lead_p50
WITH kept AS (
  SELECT *
  FROM fct_messages
  WHERE port_code = $port_code
    AND sent_day >= $first_day
    AND sent_day < $end_day
)
SELECT
  quantile_cont(lead_min / 60, 0.5) AS message_lead_p50,
  count(*) FILTER (WHERE (lead_min / 60) IS NOT NULL) AS message_lead_p50__n
FROM kept;

-- paperless_share
WITH kept AS (
  SELECT *
  FROM (SELECT port_code, ended_day AS day, visit_id, place_code, 'ticket' AS document_code, is_e_slip AS is_electronic FROM fct_weighings
      WHERE is_e_slip IS NOT NULL AND visit_id IN (SELECT visit_id FROM fct_visits WHERE document_checks_n IS NOT NULL)
    UNION ALL SELECT port_code, entry_day, visit_id, place_code, 'check', false FROM fct_visit_events WHERE event_code = 'document_check')
  WHERE port_code = $port_code
    AND day >= $first_day
    AND day < $end_day
)
SELECT
  count(*) FILTER (WHERE (is_electronic)) / nullif(count(*), 0) AS paperless_share,
  count(*) AS paperless_share__n
FROM kept;

-- container_moves
WITH kept AS (
  SELECT *
  FROM fct_container_moves
  WHERE port_code = $port_code
    AND moved_day >= $first_day
    AND moved_day < $end_day
)
SELECT
  count(*) AS container_moves,
  count(*) AS container_moves__n
FROM kept;

-- dwell_import_p50
WITH kept AS (
  SELECT *
  FROM fct_container_moves
  WHERE port_code = $port_code
    AND moved_day >= $first_day
    AND moved_day < $end_day
)
SELECT
  quantile_cont(dwell_min / 60, 0.5) FILTER (WHERE move_code = 'gate_out') AS dwell_import_p50,
  count(*) FILTER (WHERE move_code = 'gate_out' AND (dwell_min / 60) IS NOT NULL) AS dwell_import_p50__n
FROM kept;

-- dwell_import_p90
WITH kept AS (
  SELECT *
  FROM fct_container_moves
  WHERE port_code = $port_code
    AND moved_day >= $first_day
    AND moved_day < $end_day
)
SELECT
  quantile_cont(dwell_min / 60, 0.9) FILTER (WHERE move_code = 'gate_out') AS dwell_import_p90,
  count(*) FILTER (WHERE move_code = 'gate_out' AND (dwell_min / 60) IS NOT NULL) AS dwell_import_p90__n
FROM kept;

-- dwell_export_p50
WITH kept AS (
  SELECT *
  FROM fct_container_moves
  WHERE port_code = $port_code
    AND moved_day >= $first_day
    AND moved_day < $end_day
)
SELECT
  quantile_cont(dwell_min / 60, 0.5) FILTER (WHERE move_code = 'load') AS dwell_export_p50,
  count(*) FILTER (WHERE move_code = 'load' AND (dwell_min / 60) IS NOT NULL) AS dwell_export_p50__n
FROM kept;

-- dwell_export_p90
WITH kept AS (
  SELECT *
  FROM fct_container_moves
  WHERE port_code = $port_code
    AND moved_day >= $first_day
    AND moved_day < $end_day
)
SELECT
  quantile_cont(dwell_min / 60, 0.9) FILTER (WHERE move_code = 'load') AS dwell_export_p90,
  count(*) FILTER (WHERE move_code = 'load' AND (dwell_min / 60) IS NOT NULL) AS dwell_export_p90__n
FROM kept;

-- tic_turn_p50
WITH kept AS (
  SELECT *
  FROM fct_visit_steps
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  quantile_cont(service_min, 0.5) FILTER (WHERE step_code = 'terminal' AND service_min IS NOT NULL) AS tic_turn_p50,
  count(*) FILTER (WHERE step_code = 'terminal' AND service_min IS NOT NULL AND service_min IS NOT NULL) AS tic_turn_p50__n
FROM kept;

-- tic_turn_p90
WITH kept AS (
  SELECT *
  FROM fct_visit_steps
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  quantile_cont(service_min, 0.9) FILTER (WHERE step_code = 'terminal' AND service_min IS NOT NULL) AS tic_turn_p90,
  count(*) FILTER (WHERE step_code = 'terminal' AND service_min IS NOT NULL AND service_min IS NOT NULL) AS tic_turn_p90__n
FROM kept;

-- botany_turn_mean
WITH kept AS (
  SELECT *
  FROM fct_visit_steps
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  avg(service_min) FILTER (WHERE step_code = 'terminal' AND service_min IS NOT NULL) AS botany_turn_mean,
  count(*) FILTER (WHERE step_code = 'terminal' AND service_min IS NOT NULL) AS botany_turn_mean__n
FROM kept;

-- botany_turn_sd
WITH kept AS (
  SELECT *
  FROM fct_visit_steps
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  stddev_samp(service_min) FILTER (WHERE step_code = 'terminal' AND service_min IS NOT NULL) AS botany_turn_sd,
  count(*) FILTER (WHERE step_code = 'terminal' AND service_min IS NOT NULL) AS botany_turn_sd__n
FROM kept;

-- metris_queue_p50
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  quantile_cont(queue_min, 0.5) FILTER (WHERE queue_min IS NOT NULL AND terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%') AS metris_queue_p50,
  count(*) FILTER (WHERE queue_min IS NOT NULL AND terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%' AND queue_min IS NOT NULL) AS metris_queue_p50__n
FROM kept;

-- metris_terminal_p50
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  quantile_cont(terminal_turn_min, 0.5) FILTER (WHERE queue_min IS NOT NULL AND terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%') AS metris_terminal_p50,
  count(*) FILTER (WHERE queue_min IS NOT NULL AND terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%' AND terminal_turn_min IS NOT NULL) AS metris_terminal_p50__n
FROM kept;

-- metris_visit_p50
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  quantile_cont(queue_min + terminal_turn_min, 0.5) FILTER (WHERE queue_min IS NOT NULL AND terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%') AS metris_visit_p50,
  count(*) FILTER (WHERE queue_min IS NOT NULL AND terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%' AND (queue_min + terminal_turn_min) IS NOT NULL) AS metris_visit_p50__n
FROM kept;

-- metris_under_30_share
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE queue_min IS NOT NULL AND terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%' AND (queue_min + terminal_turn_min < 30)) / nullif(count(*) FILTER (WHERE queue_min IS NOT NULL AND terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%'), 0) AS metris_under_30_share,
  count(*) FILTER (WHERE queue_min IS NOT NULL AND terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%') AS metris_under_30_share__n
FROM kept;

-- metris_under_60_share
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE queue_min IS NOT NULL AND terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%' AND (queue_min + terminal_turn_min < 60)) / nullif(count(*) FILTER (WHERE queue_min IS NOT NULL AND terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%'), 0) AS metris_under_60_share,
  count(*) FILTER (WHERE queue_min IS NOT NULL AND terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%') AS metris_under_60_share__n
FROM kept;

-- metris_under_90_share
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE queue_min IS NOT NULL AND terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%' AND (queue_min + terminal_turn_min < 90)) / nullif(count(*) FILTER (WHERE queue_min IS NOT NULL AND terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%'), 0) AS metris_under_90_share,
  count(*) FILTER (WHERE queue_min IS NOT NULL AND terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%') AS metris_under_90_share__n
FROM kept;

-- metris_under_120_share
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE queue_min IS NOT NULL AND terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%' AND (queue_min + terminal_turn_min < 120)) / nullif(count(*) FILTER (WHERE queue_min IS NOT NULL AND terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%'), 0) AS metris_under_120_share,
  count(*) FILTER (WHERE queue_min IS NOT NULL AND terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%') AS metris_under_120_share__n
FROM kept;

-- metris_seen_share
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%' AND (queue_min IS NOT NULL)) / nullif(count(*) FILTER (WHERE terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%'), 0) AS metris_seen_share,
  count(*) FILTER (WHERE terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%') AS metris_seen_share__n
FROM kept;

-- vancouver_under_60_share
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE queue_min IS NOT NULL AND terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%' AND (queue_min + terminal_turn_min < 60)) / nullif(count(*) FILTER (WHERE queue_min IS NOT NULL AND terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%'), 0) AS vancouver_under_60_share,
  count(*) FILTER (WHERE queue_min IS NOT NULL AND terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%') AS vancouver_under_60_share__n
FROM kept;

-- vancouver_over_120_share
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE queue_min IS NOT NULL AND terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%' AND (queue_min + terminal_turn_min > 120)) / nullif(count(*) FILTER (WHERE queue_min IS NOT NULL AND terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%'), 0) AS vancouver_over_120_share,
  count(*) FILTER (WHERE queue_min IS NOT NULL AND terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%') AS vancouver_over_120_share__n
FROM kept;

-- hta_visit_mean
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  avg(queue_min + terminal_turn_min) FILTER (WHERE queue_min IS NOT NULL AND terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%') AS hta_visit_mean,
  count(*) FILTER (WHERE queue_min IS NOT NULL AND terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%') AS hta_visit_mean__n
FROM kept;

-- hta_visit_sd
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  stddev_samp(queue_min + terminal_turn_min) FILTER (WHERE queue_min IS NOT NULL AND terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%') AS hta_visit_sd,
  count(*) FILTER (WHERE queue_min IS NOT NULL AND terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%') AS hta_visit_sd__n
FROM kept;

-- pierpass_day_mean
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  avg(terminal_turn_min) FILTER (WHERE terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%' AND has_trouble_ticket IS FALSE AND entry_weekday <= 5 AND entry_hour >= 8 AND entry_hour < 17) AS pierpass_day_mean,
  count(*) FILTER (WHERE terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%' AND has_trouble_ticket IS FALSE AND entry_weekday <= 5 AND entry_hour >= 8 AND entry_hour < 17) AS pierpass_day_mean__n
FROM kept;

-- pierpass_day_sd
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  stddev_samp(terminal_turn_min) FILTER (WHERE terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%' AND has_trouble_ticket IS FALSE AND entry_weekday <= 5 AND entry_hour >= 8 AND entry_hour < 17) AS pierpass_day_sd,
  count(*) FILTER (WHERE terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%' AND has_trouble_ticket IS FALSE AND entry_weekday <= 5 AND entry_hour >= 8 AND entry_hour < 17) AS pierpass_day_sd__n
FROM kept;

-- pierpass_night_mean
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  avg(terminal_turn_min) FILTER (WHERE terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%' AND has_trouble_ticket IS FALSE AND NOT (entry_weekday <= 5 AND entry_hour >= 8 AND entry_hour < 17)) AS pierpass_night_mean,
  count(*) FILTER (WHERE terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%' AND has_trouble_ticket IS FALSE AND NOT (entry_weekday <= 5 AND entry_hour >= 8 AND entry_hour < 17)) AS pierpass_night_mean__n
FROM kept;

-- pierpass_night_sd
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  stddev_samp(terminal_turn_min) FILTER (WHERE terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%' AND has_trouble_ticket IS FALSE AND NOT (entry_weekday <= 5 AND entry_hour >= 8 AND entry_hour < 17)) AS pierpass_night_sd,
  count(*) FILTER (WHERE terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%' AND has_trouble_ticket IS FALSE AND NOT (entry_weekday <= 5 AND entry_hour >= 8 AND entry_hour < 17)) AS pierpass_night_sd__n
FROM kept;

-- total_visit_mean
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  avg(total_visit_min) AS total_visit_mean,
  count(total_visit_min) AS total_visit_mean__n
FROM kept;

-- total_under_60_share
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE total_visit_min IS NOT NULL AND (total_visit_min < 60)) / nullif(count(total_visit_min), 0) AS total_under_60_share,
  count(total_visit_min) AS total_under_60_share__n
FROM kept;

-- total_over_120_share
WITH kept AS (
  SELECT *
  FROM fct_visits
  WHERE port_code = $port_code
    AND entry_day >= $first_day
    AND entry_day < $end_day
)
SELECT
  count(*) FILTER (WHERE total_visit_min IS NOT NULL AND (total_visit_min > 120)) / nullif(count(total_visit_min), 0) AS total_over_120_share,
  count(total_visit_min) AS total_over_120_share__n
FROM kept;
