"""Pure parts of the connection to an API server."""
