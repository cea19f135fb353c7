"""Notices: messages to people on what a day's report found, one a cause a day."""
