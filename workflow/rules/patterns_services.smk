"""The files of cubes whose products come from a service: an order at HyP3, or a frame of the LiCSAR portal.

inputs:   the study
outputs:  lists of paths
steps:    none; functions for the other files
"""

from insarcast.acquire import is_shown, note_plan
from insarcast.core import SERVICES

# What a cube leaves that is only planned.
PLANNED_LEAVES = (
    "acquire/plan.json",
    "acquire/pairs.csv",
    "report/figures/F33_order.svg",
)

shown_plans = (
    {}
)  # cubes that are only planned -> the logs of their plans, which tell pairs and price


def served(wildcards):
    """The service that a cube's products come from, or nothing where the study names a folder."""
    source = setting("source")(wildcards)
    has_folder = setting("products.folder")(wildcards) is not None
    return source if source in SERVICES and not has_folder else ""


def planned_only(wildcards):
    """Whether a cube is only planned: its order is a dry run."""
    return served(wildcards) == "hyp3" and setting("hyp3.dry_run")(wildcards)


def planned_cubes(name, wildcards):
    """Cubes of a study that are only planned; said on the screen, once."""
    at = lambda cube: type(wildcards)(fromdict={"study": name, "cube": cube})
    cubes = study(name).cubes
    planned = [cube for cube in cubes if planned_only(at(cube))]
    logs = {
        (name, cube): Path(f"logs/plan_order/{name}/{cube}.log") for cube in planned
    }
    if logs and not logs.keys() <= shown_plans.keys():
        shown_plans.update(logs)
        rest = "; its other cubes are built, without a report" * (
            len(cubes) > len(planned)
        )
        print(
            f"Dry run: {', '.join(planned)} of {name} is only planned, nothing is ordered (hyp3.dry_run){rest}. Pairs and price are "
            f"told at the end, and in {', '.join(map(str, logs.values()))}.",
            file=sys.stderr,
        )
        # A plan that was made for an order, and that is still right, is not made again for a dry run: it is shown all the same.
        show_plans(lambda plan: not is_shown(CACHE, plan), sys.stderr)
    return planned


def show_plans(these=lambda plan: True, screen=sys.stdout):
    """Pairs and price of what was only planned, and how to go on; what was shown may be ordered."""
    for (name, cube), log in shown_plans.items():
        plan = Path(CUBE.format(study=name, cube=cube), "acquire/plan.json")
        if log.exists() and plan.exists() and these(plan):
            shown = f"\nDry run: cube '{cube}' of {name}\n{log.read_text()}"
            shown += "to order   set hyp3.dry_run: false and run again\n"
            shown += (
                "to update  run with --forcerun plan_order, when there are new dates"
            )
            print(shown, file=screen, flush=True)
            note_plan(CACHE, plan)


def not_planned_only(wildcards):
    """Hold that a cube is to be ordered: what comes after its plan costs credits."""
    if planned_only(wildcards):
        raise InsarcastError(
            f"{study(wildcards.study).path}, cube '{wildcards.cube}': hyp3.dry_run is true, so that it is only planned "
            f"(results/{wildcards.study}/{wildcards.cube}/acquire/pairs.csv); set it to false to order its products."
        )


@plainly
def plan_to_order(wildcards):
    """The plan, where it may be ordered."""
    not_planned_only(wildcards)
    return f"{CUBE}/acquire/plan.json".format(**wildcards)


@plainly
def fetched_of(wildcards):
    """The record of what a service left in the cache, for the rule that looks there."""
    not_planned_only(wildcards)
    record = {"hyp3": "orders", "licsar": "frame"}.get(served(wildcards))
    return expand(f"{CUBE}/acquire/{record}.json", **wildcards) if record else []
