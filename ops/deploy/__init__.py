"""Deployment: what Chalice's own commands leave undone."""
