SELECT
  date_trunc('month', usage_date) AS month,
  team_id,
  sum(invocations) AS invocations,
  sum(input_tokens) AS input_tokens,
  sum(output_tokens) AS output_tokens,
  sum(cache_read_tokens) AS cache_read_tokens,
  sum(cache_write_tokens) AS cache_write_tokens,
  sum(images) AS images,
  sum(total_cost) AS total_cost,
  sum(CASE WHEN status = 'PRICED' THEN 0 ELSE 1 END) AS rows_not_priced
FROM costs
GROUP BY 1, 2
