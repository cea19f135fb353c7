SELECT
  date(dt) AS usage_date,
  layer,
  scope,
  unit,
  ours,
  theirs,
  difference,
  cause,
  hint,
  calls
FROM reconciliation
WHERE status = 'difference'
