SELECT
  usage_date,
  team_id,
  service,
  model_id,
  invocations,
  input_tokens,
  output_tokens,
  cache_read_tokens,
  cache_write_tokens,
  images,
  total_cost,
  status
FROM costs
WHERE status IN ('UNPRICED', 'PARTLY_PRICED') OR total_cost IS NULL
