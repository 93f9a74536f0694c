"""Vault and OpenBao: a real OpenBao, and servers that misbehave."""
