"""Points and their numbers: where they lie, what is expected of them, which are told of, and a map of them."""
