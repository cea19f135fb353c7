SELECT
  month,
  cost_center,
  sum(own_total_cost) AS total_cost,
  sum(own_not_priced) AS rows_not_priced
FROM tree
GROUP BY month, cost_center
