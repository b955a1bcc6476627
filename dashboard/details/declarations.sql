-- One declaration a row, without goods owner or container.
SELECT declaration_id, lodged_day, lodged_at, released_at, gate_out_at, office_code, regime_code, channel_code, inspection_result_code, release_min, gate_out_min
FROM fct_declarations
WHERE {where}
ORDER BY lodged_day, declaration_id
