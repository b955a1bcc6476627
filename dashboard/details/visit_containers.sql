-- The containers of one visit, by the first six digits of their pseudonyms.
SELECT 'Container ' || upper(left(container_key, 6)) AS container, direction_code, declaration_id IS NOT NULL AS has_declaration, match_score
FROM fct_visit_containers
WHERE port_code = $port_code AND visit_id = $visit_id
ORDER BY container
