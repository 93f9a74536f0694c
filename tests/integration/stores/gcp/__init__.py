"""The GCP store, through Google's own client, against servers that speak its wire."""
