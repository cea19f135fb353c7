"""Tenants' traffic, made up but repeatable: who asks what of which model, and who sends it."""
