"""Unit tests of what KServe reads: kinds, entries, detection, conflicts, golden vectors."""
