"""Pure code, with nothing outside the process: sockets are blocked."""
