"""Reconciliation: what was reported here beside what AWS counted and what it charges."""
