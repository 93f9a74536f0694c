"""What KServe reads: one module a storage kind, and its cluster configuration."""
