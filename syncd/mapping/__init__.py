"""The user's mapping: from text with lines to credentials."""
