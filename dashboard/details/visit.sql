-- One visit: one row.
SELECT * EXCLUDE (plate_key, carrier_key), 'Truck ' || upper(left(plate_key, 6)) AS truck
FROM fct_visits
WHERE port_code = $port_code AND visit_id = $visit_id
