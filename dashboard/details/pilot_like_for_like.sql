-- One arm in one period: the distribution of turnaround, as it was and with the mix of the period since the start.
-- Standardised: within each arm, the visits before are weighted so that lanes x blocks of four hours x cargo classes have the shares they have since.
-- Cells seen on one side only are left out on both sides of the standardised figures; `covered` is the share of the visits that remain.
-- Weighted quantiles are read from bins of 0.1 min.
WITH base AS (
    SELECT arm_code, pilot_period_code = 'after' AS is_after, hash(entry_lane_code, entry_hour // 4, cargo_class_code) AS cell, turnaround_min
    FROM fct_visits
    WHERE {where}
      AND arm_code IS NOT NULL AND pilot_period_code IS NOT NULL AND turnaround_min IS NOT NULL
),
cells AS ( -- seen on both sides; what a visit before weighs there
    SELECT arm_code AS cell_arm_code, cell AS cell_code, count(*) FILTER (WHERE is_after) / count(*) FILTER (WHERE NOT is_after) AS before_weight
    FROM base GROUP BY ALL
    HAVING bool_or(is_after) AND NOT bool_and(is_after)
),
weighted AS (
    SELECT arm_code, is_after, turnaround_min, cell_code, CASE WHEN cell_code IS NULL THEN 0 WHEN is_after THEN 1 ELSE before_weight END AS weight
    FROM base LEFT JOIN cells ON cell_arm_code = arm_code AND cell_code = cell
),
bins AS ( -- cut at 60 and 120 too, so that what lies over them is the sum of bins
    SELECT arm_code, is_after, round(turnaround_min, 1) AS minutes, (turnaround_min > 60)::TINYINT + (turnaround_min > 120)::TINYINT AS limits_n,
           count(*) AS n, count(cell_code) AS kept_n, sum(weight) AS weight, sum(turnaround_min) AS minutes_sum, sum(turnaround_min * weight) AS weighted_sum
    FROM weighted GROUP BY ALL
),
ways AS (
    SELECT 'raw' AS way, arm_code, if(is_after, 'after', 'before') AS period_code, minutes, limits_n, CAST(n AS DOUBLE) AS weight, n, n AS kept_n, minutes_sum AS weighted_sum
    FROM bins
    UNION ALL
    SELECT 'like_for_like', arm_code, if(is_after, 'after', 'before'), minutes, limits_n, weight, n, kept_n, weighted_sum FROM bins
),
reached AS (
    SELECT *, sum(weight) OVER (PARTITION BY way, arm_code, period_code ORDER BY minutes) / nullif(sum(weight) OVER (PARTITION BY way, arm_code, period_code), 0) AS reach
    FROM ways
)
SELECT way, arm_code, period_code, CAST(sum(n) AS BIGINT) AS n, CAST(sum(kept_n) / sum(n) AS DOUBLE) AS covered,
       CAST(sum(weighted_sum) / nullif(sum(weight), 0) AS DOUBLE) AS mean_min,
       min(minutes) FILTER (WHERE reach >= 0.05) AS q05, min(minutes) FILTER (WHERE reach >= 0.1) AS q10, min(minutes) FILTER (WHERE reach >= 0.2) AS q20, min(minutes) FILTER (WHERE reach >= 0.25) AS q25, min(minutes) FILTER (WHERE reach >= 0.3) AS q30, min(minutes) FILTER (WHERE reach >= 0.4) AS q40, min(minutes) FILTER (WHERE reach >= 0.5) AS q50, min(minutes) FILTER (WHERE reach >= 0.6) AS q60, min(minutes) FILTER (WHERE reach >= 0.7) AS q70, min(minutes) FILTER (WHERE reach >= 0.75) AS q75, min(minutes) FILTER (WHERE reach >= 0.8) AS q80, min(minutes) FILTER (WHERE reach >= 0.9) AS q90, min(minutes) FILTER (WHERE reach >= 0.95) AS q95,
       CAST(coalesce(sum(weight) FILTER (WHERE limits_n >= 1), 0) / nullif(sum(weight), 0) AS DOUBLE) AS over_60,
       CAST(coalesce(sum(weight) FILTER (WHERE limits_n = 2), 0) / nullif(sum(weight), 0) AS DOUBLE) AS over_120
FROM reached GROUP BY ALL ORDER BY way, arm_code, period_code
