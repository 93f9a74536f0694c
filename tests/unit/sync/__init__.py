"""The steps of a sweep, each on values."""
