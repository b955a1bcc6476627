-- The thinned positions of one visit, for its map.
SELECT fix_at, longitude_deg, latitude_deg
FROM fct_visit_tracks
WHERE port_code = $port_code AND visit_id = $visit_id
ORDER BY fix_at
