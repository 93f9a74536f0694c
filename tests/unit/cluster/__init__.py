"""Pure parts of the cluster, and the directory cluster, which is files only."""
