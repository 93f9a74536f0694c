"""Azure Key Vault: the real SDK against the test server of `tests/harness/azure`."""
