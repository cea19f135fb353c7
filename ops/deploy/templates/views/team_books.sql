SELECT
  month,
  team_id,
  sum(closed_cost) AS closed_cost,
  sum(adjusted_cost) AS adjusted_cost,
  sum(closed_cost + adjusted_cost) AS total_cost,
  count(adjusted_on) AS adjustments,
  max(adjusted_on) AS adjusted_on
FROM (
  SELECT
    month,
    team_id,
    coalesce(total_cost, 0) AS closed_cost,
    CAST(0 AS decimal(38, 12)) AS adjusted_cost,
    CAST(NULL AS date) AS adjusted_on
  FROM month_costs
  UNION ALL
  SELECT
    month,
    team_id,
    CAST(0 AS decimal(38, 12)) AS closed_cost,
    coalesce(total_cost, 0) AS adjusted_cost,
    adjusted_on
  FROM adjustments
) AS booked
GROUP BY month, team_id
