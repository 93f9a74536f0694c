"""The values that cross rooms."""
