"""`python -m ops doctor`: what is wrong with a gateway, and what to do, on one screen."""
