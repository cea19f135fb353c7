SELECT
  usage_date,
  team_id,
  model_id,
  latest_cost,
  usual_cost,
  latest_cost - usual_cost AS moved
FROM (
  SELECT
    date(latest) AS usage_date,
    team_id,
    model_id,
    sum(CASE WHEN dt = latest THEN total_cost ELSE 0 END) AS latest_cost,
    sum(CASE WHEN dt < latest THEN total_cost ELSE 0 END) / 7 AS usual_cost
  FROM costs
  CROSS JOIN (
    SELECT max(dt) AS latest
    FROM costs
    WHERE dt >= CAST(date_add('day', -8, current_date) AS varchar)
  ) AS newest
  WHERE dt >= CAST(date_add('day', -15, current_date) AS varchar)
    AND dt >= CAST(date_add('day', -7, date(latest)) AS varchar)
  GROUP BY 1, 2, 3
) AS compared
