"""What KServe reads, and how a credential has to look for it; pure."""
