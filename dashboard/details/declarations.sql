-- One declaration a row, without goods owner or container.
SELECT
  declaration_id, lodged_day, lodged_hour, arrived_at, lodged_at, released_at, gate_out_at, office_code, regime_code, channel_code, inspection_result_code,
  clearance_min, release_min, gate_out_min, is_prelodged, is_out_before_release, is_out_weighed, order_fault_code
FROM fct_declarations
WHERE {where}
ORDER BY lodged_day, declaration_id
