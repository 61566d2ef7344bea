"""Which acquisitions are paired, and how good each pair is expected to be."""
