"""A simulated scene written as products of a processor, with its truth beside, and found again."""
