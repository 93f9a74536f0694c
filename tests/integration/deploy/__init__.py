"""The image's own install steps, and the manifests on a real API server."""
