SELECT
  month,
  node,
  kind,
  parent,
  depth,
  display_name,
  cost_center,
  own_total_cost AS own_cost,
  total_total_cost AS total_cost,
  total_invocations,
  total_not_priced AS rows_not_priced
FROM tree
