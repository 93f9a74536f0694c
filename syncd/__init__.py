"""syncd keeps the credentials that KServe reads in step with the secret store that they come from."""

__version__ = "0.1.0"
