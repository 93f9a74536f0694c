"""What is pure in the measurements."""
