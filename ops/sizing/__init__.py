"""`python -m ops capacity`: what a load needs, where it ends, and what running it costs."""
