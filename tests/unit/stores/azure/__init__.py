"""Azure Key Vault's adapter, without a vault."""
