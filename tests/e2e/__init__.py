"""KServe's own code reads what syncd wrote."""
