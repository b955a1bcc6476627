-- The zone stays of one visit.
SELECT zone_code, entered_at, left_at, stay_min, fixes_n
FROM fct_zone_stays
WHERE port_code = $port_code AND visit_id = $visit_id
ORDER BY entered_at
