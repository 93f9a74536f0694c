"""Secrets in the cluster that syncd writes to."""
