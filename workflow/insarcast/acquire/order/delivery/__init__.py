"""From finished jobs to unpacked products in the cache."""
