"""The cluster as syncd sees it: one interface, Kubernetes and a directory of YAML files behind it."""
