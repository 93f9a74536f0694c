"""Secrets in a directory, mounted by other means."""
