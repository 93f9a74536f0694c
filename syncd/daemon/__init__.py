"""The daemon: when to sync, who does the work, and how it starts and ends."""
