"""The mapping: from text to what is accepted."""
