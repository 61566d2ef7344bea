"""What a cube's study takes off after the inversion, and the files of it.

inputs:   the study
outputs:  lists of paths
steps:    none; functions for the other files
"""


def air(*keys):
    """Some keys of stack.troposphere."""
    return lambda wildcards: {
        key: setting("stack.troposphere")(wildcards)[key] for key in keys
    }


def delays_of(wildcards):
    """The list of delay files, where delays come from outside."""
    asked = setting("stack.troposphere.method")(wildcards) != "none"
    return expand(rules.find_delays.output.delays, **wildcards) if asked else []


def delays_fetched(wildcards):
    """The record of the frame that delays were fetched with, where the study names no folder of them."""
    has_folder = setting("stack.troposphere.folder")(wildcards) is not None
    return [] if has_folder else fetched_of(wildcards)


def corrections_of(ending):
    """What build_cube takes off, or nothing."""

    def corrections(wildcards):
        get = lambda key: setting(f"stack.{key}")(wildcards)
        asked = (
            get("troposphere.method") != "none"
            or get("troposphere.height") != "none"
            or get("deramp.surface") != "none"
            or get("reference.move") is not None
        )
        pattern = f"{CUBE}/stack/{{vintage}}/corrections.{ending}"
        return expand(pattern, **wildcards) if asked else []

    return corrections
