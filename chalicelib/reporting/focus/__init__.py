"""FOCUS: a day's costs in the form of the FinOps Open Cost and Usage Specification. Pure.

https://focus.finops.org, version 1.2, and the columns that 1.3 and 1.4 make mandatory besides.
"""

from chalicelib.reporting.focus.export import files, focus_key

__all__ = ["files", "focus_key"]
