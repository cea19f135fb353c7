"""CloudWatch Logs Insights on this machine: the query language, its engine and its API."""
