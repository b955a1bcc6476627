-- The stages of the declarations of one visit's containers that ran while the truck was inside, and for how many of its minutes.
WITH truck AS (
  SELECT visit_id, entry_at, coalesce(exit_at, TIMESTAMP '9999-01-01') AS exit_at
  FROM fct_visits
  WHERE port_code = $port_code AND visit_id = $visit_id
), carried AS (
  SELECT DISTINCT declaration_id
  FROM fct_visit_containers
  WHERE port_code = $port_code AND visit_id = $visit_id AND declaration_id IS NOT NULL
)
SELECT
  dense_rank() OVER (ORDER BY s.declaration_id) AS paper_no, s.stage_code, s.holder_code, s.started_at, s.ended_at,
  date_diff('second', greatest(s.started_at, t.entry_at), least(s.ended_at, t.exit_at)) / 60 AS inside_min
FROM fct_declaration_stages AS s
JOIN carried AS c ON c.declaration_id = s.declaration_id
CROSS JOIN truck AS t
WHERE s.port_code = $port_code AND s.lodged_day >= $first_day AND s.lodged_day < $end_day AND s.started_at < t.exit_at AND s.ended_at > t.entry_at
ORDER BY paper_no, s.started_at, s.stage_code
