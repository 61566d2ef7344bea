"""The files of a study as a whole: vertical and east-west motion from several of its cubes, and GNSS.

inputs:   the study
outputs:  lists of paths
steps:    none; functions for the other files
"""

DECOMPOSED = "results/{study}/stack/decomposed"


def decomposed(wildcards):
    """The cubes that a study decomposes; none where it does not."""
    return study(wildcards.study).get("decompose.cubes")


def full_cube(wildcards):
    """The newest cube, of a grid or of a ready series."""
    stack = f"{CUBE}/stack/full"
    return f"{stack}/{'series' if ready(wildcards) else 'cube'}.zarr".format(
        **wildcards
    )


def of_cube(wildcards, cube):
    """The wildcards of one of a study's cubes."""
    return type(wildcards)(fromdict={"study": wildcards.study, "cube": cube})


def stations_named(wildcards):
    """Whether a cube, or one of those that a study decomposes, names GNSS."""
    cubes = [wildcards.cube] if wildcards.get("cube") else decomposed(wildcards)
    return any(study(wildcards.study).get("gnss.folder", cube) for cube in cubes)
