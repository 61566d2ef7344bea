"""Which acquisitions there are for an order: what NASA's CMR lists, and what of it one date gives to a job."""
