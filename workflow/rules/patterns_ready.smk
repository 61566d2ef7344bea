"""The files of ready series on a grid: one store for all vintages instead of interferograms and an inversion of each.

inputs:   the study
outputs:  lists of paths
steps:    none; functions for the other files
"""

from insarcast.core import READY_GRIDS

READ = f"{CUBE}/stack/displacement"


def inverted_elsewhere(wildcards):
    """Whether a cube is a ready displacement series on a grid."""
    return setting("source")(wildcards) in READY_GRIDS


def has_network(wildcards):
    """Whether a cube is made from interferograms."""
    return not ready(wildcards) and not inverted_elsewhere(wildcards)


def aligned_of(wildcards):
    """Heights, line of sight and baselines of a cube: beside its interferograms, or beside its ready series."""
    store = (
        f"{READ}.zarr" if inverted_elsewhere(wildcards) else f"{CUBE}/stack/ifgs.zarr"
    )
    return store.format(**wildcards)


def inversion_of(wildcards):
    """The displacement that a vintage is made from: its own inversion, or the ready series, of which it sees the dates up to its last."""
    if inverted_elsewhere(wildcards):
        return f"{READ}.zarr".format(**wildcards)
    return f"{CUBE}/stack/{{vintage}}/inversion.zarr".format(**wildcards)


def record_of(wildcards):
    """What was read, kept and left out of a cube."""
    record = (
        f"{READ}.json"
        if inverted_elsewhere(wildcards)
        else f"{CUBE}/stack/full/decisions.json"
    )
    return record.format(**wildcards)


def names_of_series(wildcards):
    """Names of the files that a ready series is in; none where it has names of its own, so that all files of the folder count."""
    given = setting("series")(wildcards)
    if setting("source")(wildcards) != "rasters":
        return None if inverted_elsewhere(wildcards) else given["files"]
    return [*given["files"], *(name for name in given["layers"].values() if name)]
