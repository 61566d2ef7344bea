"""The files of cubes whose products come from a service: an order at HyP3, or a frame of the LiCSAR portal.

inputs:   the study
outputs:  lists of paths
steps:    none; functions for the other files
"""

from insarcast.core import SERVICES


def served(wildcards):
    """The service that a cube's products come from, or nothing where the study names a folder."""
    source = setting("source")(wildcards)
    has_folder = setting("products.folder")(wildcards) is not None
    return source if source in SERVICES and not has_folder else ""


def planned_only(wildcards):
    """Whether a cube is only planned: its order is a dry run."""
    return served(wildcards) == "hyp3" and setting("hyp3.dry_run")(wildcards)


def fetched_of(wildcards):
    """The record of what a service left in the cache, for the rule that looks there."""
    record = {"hyp3": "orders", "licsar": "frame"}.get(served(wildcards))
    return expand(f"{CUBE}/acquire/{record}.json", **wildcards) if record else []
