"""syncd against real servers on loopback."""
