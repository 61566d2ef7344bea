"""order: from a plan to unpacked products of HyP3 in the cache, each job sent and paid once."""
