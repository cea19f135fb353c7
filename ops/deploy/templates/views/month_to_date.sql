SELECT
  team_id,
  sum(invocations) AS invocations,
  sum(total_cost) AS total_cost,
  sum(CASE WHEN status = 'PRICED' THEN 0 ELSE 1 END) AS rows_not_priced,
  max(usage_date) AS as_of
FROM costs
WHERE dt >= CAST(date_trunc('month', current_date) AS varchar)
GROUP BY team_id
