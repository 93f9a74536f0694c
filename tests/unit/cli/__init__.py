"""The command line, without network and cluster."""
