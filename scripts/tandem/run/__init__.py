"""Which walks, side by side? Schedule, runners, cache."""
