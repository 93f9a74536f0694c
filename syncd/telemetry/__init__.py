"""Logs, metrics and Kubernetes Events: listeners of syncd.model.events."""
