"""A scene from a study's settings, and what is made of it without products."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .bowls import make_courses, make_patterns
from .coherence import make_texture, phase_deviation
from .draw import Draw, generator
from .fields import power_law_field
from .network import make_baselines, make_dates, make_pairs
from .scene import KINDS, RAD_PER_MM, Array, Scene
from .settings import complete_settings
from .site import make_cover, make_height, make_lattice, make_look


def make_scene(settings: Mapping[str, Any] | None = None, *, spool: Path | None = None) -> Scene:
    """Make a simulated subsiding basin, in memory, without products.

    Everything random is drawn by generators of (seed, thing, date or pair): the same settings give the same scene.

    Args:
        settings: the study's ``simulate``, or any part of it; the schema's defaults fill the rest. For example
            ``{"seed": 3, "area": {"rows": 64, "columns": 64}, "bowls": [...]}``.
        spool: existing folder to keep the delay of each date in, for scenes larger than the memory.

    Raises:
        InsarcastError: settings that cannot be, in one sentence.
    """
    whole = complete_settings(settings or {})
    seed = whole["seed"]
    lattice = make_lattice(whole["area"])
    look = make_look(lattice, whole["acquisitions"])
    dates = make_dates(whole["acquisitions"], seed)
    pairs, lost = make_pairs(dates, whole["acquisitions"], seed)
    days = np.array([(day - dates[0]).days for day in dates])
    patterns, reach = make_patterns(lattice, look, whole["bowls"])
    dem_error = np.zeros(lattice.shape, np.float32)
    if whole["errors"]["dem"]:
        rough = power_law_field(generator(seed, Draw.DEM_ERROR), lattice.shape, lattice.pixel, (0.5,))
        dem_error = np.float32(whole["errors"]["dem"]) * rough
    return Scene(
        settings=whole,
        lattice=lattice,
        look=look,
        height=make_height(lattice, whole["area"], seed),
        dates=dates,
        baselines=make_baselines(dates, whole["acquisitions"]["tube"], seed),
        pairs=pairs,
        lost=lost,
        patterns=patterns,
        courses=make_courses(days, dates[0].timetuple().tm_yday, whole["bowls"]),
        cover=make_cover(lattice, whole["area"], reach, seed),
        texture=make_texture(lattice, seed),
        dem_error=dem_error,
        spool=spool,
    )


def noisy_series(scene: Scene) -> Array:
    """The scene as an inverted cube would look, without interferograms or inversion.

    True displacement and delay, both relative to the most coherent stable pixel and to the first date, and noise of each date:
    the Cramer-Rao deviation of a pair of one interval, over the square root of the pairs that a date takes part in.

    Args:
        scene: of :func:`make_scene`.

    Returns:
        (time, y, x) mm in the line of sight, positive towards the satellite; exactly 0 at the first date and at that pixel.
    """
    row, col = stable_pixel(scene)
    gamma = scene.coherence_at(0, 1)
    per_date = 2 * len(scene.pairs) / len(scene.dates)
    deviation = phase_deviation(gamma, scene.settings["coherence"]["looks"]) / abs(RAD_PER_MM) / np.sqrt(per_date)
    series = np.empty((len(scene.dates), *scene.shape), np.float32)
    for number, day in enumerate(scene.dates):
        noise = generator(scene.seed, Draw.SERIES, day.toordinal()).standard_normal(scene.shape, np.float32)
        series[number] = scene.displacement_at(number) + scene.delay_at(number) + deviation * noise
    series -= series[0].copy()
    series -= series[:, row, col].copy()[:, None, None]
    return series


def stable_pixel(scene: Scene) -> tuple[int, int]:
    """Row and column of the pixel without motion whose coherence is best; the one that moves least, if all move."""
    quality = scene.coherence_at(0, 1)
    fitting = scene.kind == KINDS.index("stable")
    if not fitting.any():
        quality = -np.abs(scene.displacement_at(len(scene.dates) - 1))
        fitting = np.ones(scene.shape, bool)
    row, col = np.unravel_index(int(np.argmax(np.where(fitting, quality, -np.inf))), scene.shape)
    return int(row), int(col)
