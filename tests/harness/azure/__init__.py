"""A vault of Azure Key Vault and what gives tokens for it, on loopback: the real wire, for the real SDK.

Written from Microsoft's public reference; the page that says so is named beside each behaviour.
"""
