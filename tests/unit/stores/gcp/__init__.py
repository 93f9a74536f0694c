"""What the GCP store does without a network."""
