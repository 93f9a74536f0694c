"""The demo: a real OpenBao, a cluster of files, and the daemon between them."""
