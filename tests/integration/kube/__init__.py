"""The connection against servers on loopback that misbehave."""
