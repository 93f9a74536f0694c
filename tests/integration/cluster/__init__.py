"""The cluster against a real API server."""
