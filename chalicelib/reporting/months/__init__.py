"""Closed months: books that change by signed adjustments alone."""
