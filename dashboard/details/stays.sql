-- One unbroken presence of one tracked truck in one zone a row.
SELECT stay_id, visit_id, 'Truck ' || upper(left(plate_key, 6)) AS truck, zone_code, entered_day, entered_at, left_at, stay_min, fixes_n
FROM fct_zone_stays
WHERE {where}
ORDER BY entered_at, stay_id
