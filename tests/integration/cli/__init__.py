"""The command line on a real OpenBao, a directory and a real API server."""
