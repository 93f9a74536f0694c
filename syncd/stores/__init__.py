"""Secret stores: one interface, one guard around it, and an adapter for each store."""
