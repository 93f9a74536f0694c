"""A Kubernetes cluster behind its API server."""
