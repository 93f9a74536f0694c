"""What keeps the documentation true of the code."""
