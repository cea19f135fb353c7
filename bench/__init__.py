"""Speed, measured as ratios within one run. Never deployed."""
