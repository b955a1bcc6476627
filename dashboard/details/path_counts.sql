-- One way through the service points a row, with the visits that took it: what the ladder of steps and the repeats are counted from.
SELECT path_codes, count(*) AS visits_n
FROM fct_visits
WHERE {where} AND path_codes IS NOT NULL
GROUP BY path_codes
ORDER BY visits_n DESC, path_codes
