SELECT
  date(dt) AS usage_date,
  complete,
  started,
  orphaned,
  partial,
  unknown,
  lost,
  foreign_records,
  unpriced
FROM manifests
