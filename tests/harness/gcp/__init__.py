"""Google on loopback: Secret Manager over gRPC and REST, and whoever gives tokens for it."""
