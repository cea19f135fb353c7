SELECT
  date_trunc('month', usage_date) AS month,
  model_id,
  sum(input_cost) * 1000000 / nullif(sum(input_tokens), 0) AS usd_per_million_input_tokens,
  sum(output_cost) * 1000000 / nullif(sum(output_tokens), 0) AS usd_per_million_output_tokens,
  CAST(sum(cache_read_tokens) AS double)
    / nullif(sum(input_tokens + cache_read_tokens + cache_write_tokens), 0) AS cache_hit_share
FROM costs
WHERE status = 'PRICED'
GROUP BY 1, 2
