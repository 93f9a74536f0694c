"""A directory of YAML files that behaves like a cluster: for demos, reviews and machines without one."""
