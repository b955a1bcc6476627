-- One arm in one period: the distribution of turnaround, as it was and with the mix of the period since the start.
-- Standardised: within each arm, the visits before are weighted so that lanes x blocks of four hours x cargo classes have the shares they have since.
-- Cells seen on one side only are left out on both sides of the standardised figures; `covered` is the share of the visits that remain.
-- Weighted quantiles are read from bins of 0.1 min.
WITH base AS (
    SELECT arm_code, pilot_period_code AS period_code, hash(entry_lane_code, entry_hour // 4, cargo_class_code) AS cell, round(turnaround_min, 1) AS minutes,
           count(*) AS n, sum(turnaround_min) AS minutes_sum, count(*) FILTER (WHERE turnaround_min > 60) AS over_60_n, count(*) FILTER (WHERE turnaround_min > 120) AS over_120_n
    FROM fct_visits
    WHERE {where}
      AND arm_code IS NOT NULL AND pilot_period_code IS NOT NULL AND turnaround_min IS NOT NULL
    GROUP BY ALL
),
cells AS (
    SELECT arm_code, cell, coalesce(sum(n) FILTER (WHERE period_code = 'before'), 0) AS before_n, coalesce(sum(n) FILTER (WHERE period_code = 'after'), 0) AS after_n
    FROM base GROUP BY ALL
),
weighted AS (
    SELECT b.*, before_n > 0 AND after_n > 0 AS is_kept,
           CASE WHEN before_n = 0 OR after_n = 0 THEN 0 WHEN period_code = 'before' THEN after_n / before_n ELSE 1 END AS weight
    FROM base AS b JOIN cells USING (arm_code, cell)
),
bins AS (
    SELECT arm_code, period_code, minutes, sum(n) AS n, sum(n * weight) AS weight, coalesce(sum(n) FILTER (WHERE is_kept), 0) AS kept_n, sum(minutes_sum) AS minutes_sum,
           sum(minutes_sum * weight) AS weighted_sum, sum(over_60_n) AS over_60_n, sum(over_60_n * weight) AS over_60_weight, sum(over_120_n) AS over_120_n,
           sum(over_120_n * weight) AS over_120_weight
    FROM weighted GROUP BY ALL
),
ways AS (
    SELECT 'raw' AS way, arm_code, period_code, minutes, CAST(n AS DOUBLE) AS weight, n, n AS kept_n, minutes_sum AS weighted_sum,
           CAST(over_60_n AS DOUBLE) AS over_60_weight, CAST(over_120_n AS DOUBLE) AS over_120_weight
    FROM bins
    UNION ALL
    SELECT 'like_for_like', arm_code, period_code, minutes, weight, n, kept_n, weighted_sum, over_60_weight, over_120_weight FROM bins
),
reached AS (
    SELECT *, sum(weight) OVER (PARTITION BY way, arm_code, period_code ORDER BY minutes) / nullif(sum(weight) OVER (PARTITION BY way, arm_code, period_code), 0) AS reach
    FROM ways
)
SELECT way, arm_code, period_code, CAST(sum(n) AS BIGINT) AS n, CAST(sum(kept_n) / sum(n) AS DOUBLE) AS covered,
       CAST(sum(weighted_sum) / nullif(sum(weight), 0) AS DOUBLE) AS mean_min,
       min(minutes) FILTER (WHERE reach >= 0.05) AS q05, min(minutes) FILTER (WHERE reach >= 0.1) AS q10, min(minutes) FILTER (WHERE reach >= 0.2) AS q20, min(minutes) FILTER (WHERE reach >= 0.25) AS q25, min(minutes) FILTER (WHERE reach >= 0.3) AS q30, min(minutes) FILTER (WHERE reach >= 0.4) AS q40, min(minutes) FILTER (WHERE reach >= 0.5) AS q50, min(minutes) FILTER (WHERE reach >= 0.6) AS q60, min(minutes) FILTER (WHERE reach >= 0.7) AS q70, min(minutes) FILTER (WHERE reach >= 0.75) AS q75, min(minutes) FILTER (WHERE reach >= 0.8) AS q80, min(minutes) FILTER (WHERE reach >= 0.9) AS q90, min(minutes) FILTER (WHERE reach >= 0.95) AS q95,
       CAST(sum(over_60_weight) / nullif(sum(weight), 0) AS DOUBLE) AS over_60,
       CAST(sum(over_120_weight) / nullif(sum(weight), 0) AS DOUBLE) AS over_120
FROM reached GROUP BY ALL ORDER BY way, arm_code, period_code
