"""Steps of the guides, run on real parts."""
