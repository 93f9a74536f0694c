"""Building blocks of the mapping's form: the pydantic base, and field types that kinds and stores share."""
