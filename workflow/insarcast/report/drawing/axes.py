"""Axes of a figure: lead times and dates."""

from __future__ import annotations

from typing import Any


def lead_ticks(axes: Any, leads: dict[int, float]) -> None:
    """Lead times in days on the axis, not more than it holds."""
    values = sorted(leads.values())
    axes.set_xticks(values if len(values) <= 12 else values[:: -(-len(values) // 12)])
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.set_xlabel("lead time [days]")


def date_axis(axes: Any, most: int) -> None:
    """At most so many dates on the x axis, as short as they are clear."""
    import matplotlib.dates as mdates

    make: Any = mdates
    locator = make.AutoDateLocator(maxticks=most)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(make.ConciseDateFormatter(locator, show_offset=False))


def dates_axis(axes: Any, most: int = 9) -> None:
    """Dates in a few words each, at most so many."""
    from matplotlib import dates

    untyped: Any = dates
    locator = untyped.AutoDateLocator(minticks=min(4, most), maxticks=most)
    axes.xaxis.set_major_locator(locator)
    months = ["%Y-%m", "%Y-%m", "%m-%d", "%H:%M", "%H:%M", "%S"]
    axes.xaxis.set_major_formatter(untyped.ConciseDateFormatter(locator, show_offset=False, formats=months))
