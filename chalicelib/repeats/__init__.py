"""Requests that come again: under an Idempotency-Key, or as an SDK's own retry. Called once."""
