"""Every adapter runs the same class of tests."""
