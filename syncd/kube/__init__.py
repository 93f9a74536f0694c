"""The only room that talks to the Kubernetes client: connection and raw JSON requests."""
