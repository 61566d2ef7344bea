"""One vintage of the network: loop closure, quality gates, the reference, and the inversion of the whole scene."""
