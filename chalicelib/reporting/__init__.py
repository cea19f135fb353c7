"""Yesterday's records as counts.csv, costs.csv and a manifest in S3."""
