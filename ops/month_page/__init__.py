"""`python -m ops report --month`: a month on one page, for whoever pays."""
