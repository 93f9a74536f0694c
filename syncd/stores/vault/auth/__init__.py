"""Ways to log in to Vault and OpenBao: a module each."""
