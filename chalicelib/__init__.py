"""Tollgate: routing, metering, pricing and reporting behind one Chalice app."""

__version__ = "0.1.0"
