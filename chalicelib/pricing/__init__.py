"""Counts times the prices in force on the day, in exact Decimal. Pure."""
