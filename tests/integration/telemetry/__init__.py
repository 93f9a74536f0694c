"""Telemetry against real parts."""
