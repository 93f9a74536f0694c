"""Contract classes and in-memory fakes for those who write an adapter of their own."""
