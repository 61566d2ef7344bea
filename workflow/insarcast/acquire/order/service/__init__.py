"""HyP3: what is said to it, what it would refuse, what it costs, and what was sent."""
