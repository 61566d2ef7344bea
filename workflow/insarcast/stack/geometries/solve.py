"""Vertical and east-west motion from two or more lines of sight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from insarcast.core import InsarcastError

Float = NDArray[np.float64]
MAX_CONDITION = 5.0


class Decomposition(NamedTuple):
    """Motion of the ground.

    Attributes:
        vertical: positive upwards, in the units of what was given, in its shape without the first axis; NaN where it is not known.
        east: positive eastwards.
        sigma_vertical: standard deviation of ``vertical``.
        sigma_east: standard deviation of ``east``.
    """

    vertical: Float
    east: Float
    sigma_vertical: Float
    sigma_east: Float


def decompose(
    displacements: ArrayLike,
    los_vectors: ArrayLike,
    sigmas: ArrayLike | None = None,
    *,
    names: Sequence[str] = (),
    max_condition: float = MAX_CONDITION,
) -> Decomposition:
    """Vertical and east-west motion by weighted least squares, pixel by pixel: d_k = e_k E + u_k U, weights 1 / sigma_k^2.

    Displacements or velocities, one number per geometry or fields of any shape::

        >>> from insarcast import stack
        >>> los = [stack_los_ascending, stack_los_descending]             # doctest: +SKIP
        >>> vertical, east, sigma_vertical, sigma_east = stack.decompose( # doctest: +SKIP
        ...     [ascending, descending], los, [sigma_ascending, sigma_descending]
        ... )

    Radars on polar orbits hardly see motion to the north, so it is taken to be zero (Wright, Parsons and Lu 2004, GRL 31, L01607;
    Fialko, Simons and Agnew 2001, GRL 28, 3063). Where it is not, ``vertical`` and ``east`` are off by what :func:`north_error` says.
    All displacements must be zero at the same place and time.

    Args:
        displacements: ``(geometry, ...)`` along each line of sight, positive towards the satellite; NaN: not measured.
        los_vectors: ``(geometry, 3, ...)`` unit vectors ground -> satellite (east, north, up), or ``(geometry, 3)``, the same for
            every pixel; their further axes must broadcast to those of ``displacements``, from the right.
        sigmas: standard deviations of ``displacements``, broadcast to their shape; None: 1 in every geometry, so that the sigmas
            returned are factors by which the noise grows.
        names: what to call the geometries in a sentence.
        max_condition: largest condition number of the two columns (e, u); where it is larger, the lines of sight are nearly the
            same, and the answer is NaN. An ascending and a descending track of Sentinel-1 have 1.1 to 1.5, two tracks of one direction
            7 and more.

    Returns:
        Vertical, east and their sigmas; NaN where fewer than two geometries measure or max_condition is exceeded. With more than two
        geometries the sigmas are those of the given ones, not of the misfit.

    Raises:
        InsarcastError: fewer than two geometries, shapes that do not fit, vectors that are not of length 1, or lines of sight that are
            nearly the same everywhere.
    """
    data, vectors, noise = _prepare(displacements, los_vectors, sigmas)
    known = np.isfinite(data) & np.isfinite(vectors).all(axis=1) & np.isfinite(noise) & (noise > 0)
    condition = condition_number(vectors, known)
    if known.sum(axis=0).max(initial=0) > 1 and not (condition <= max_condition).any():
        raise InsarcastError(too_alike(vectors, float(np.nanmin(condition)), max_condition, names))
    weight = np.where(known, 1 / np.where(known, noise, 1.0) ** 2, 0.0)
    east, up = (np.where(known, vectors[:, axis], 0.0) for axis in (0, 2))
    value = np.where(known, data, 0.0)
    ee, eu, uu = ((weight * a * b).sum(axis=0) for a, b in ((east, east), (east, up), (up, up)))
    ed, ud = ((weight * a * value).sum(axis=0) for a in (east, up))
    determinant = ee * uu - eu**2
    good = (condition <= max_condition) & (determinant > 0)
    safe = np.where(good, determinant, 1.0)
    solved = (
        (ee * ud - eu * ed) / safe,
        (uu * ed - eu * ud) / safe,
        np.sqrt(np.maximum(ee / safe, 0)),
        np.sqrt(np.maximum(uu / safe, 0)),
    )
    return Decomposition(*(np.where(good, part, np.nan) for part in solved))


def north_error(los_vectors: ArrayLike, sigmas: ArrayLike | None = None) -> tuple[Float, Float]:
    """What 1 mm of motion to the north, which is neglected, adds to vertical and east-west motion.

    Args:
        los_vectors: as for :func:`decompose`.
        sigmas: standard deviations of the displacements, ``(geometry, ...)``, which are the weights; None: equal ones.

    Returns:
        mm of vertical and of eastward motion per mm of northward motion; ascending and descending of Sentinel-1 at 40 degrees of
        latitude: about -0.14 (northward motion looks like subsidence) and less than 0.01.
    """
    vectors = np.asarray(los_vectors, np.float64)
    moved = decompose(vectors[:, 1], vectors, sigmas, max_condition=np.inf)
    return moved.vertical, moved.east


def condition_number(vectors: Float, known: NDArray[np.bool_] | None = None) -> Float:
    """Condition number of the columns (east, up) of the lines of sight that measure a pixel; NaN where there are fewer than two.

    Args:
        vectors: ``(geometry, 3, ...)``.
        known: ``(geometry, ...)``; None: all of them.
    """
    use = np.isfinite(vectors).all(axis=1) if known is None else known & np.isfinite(vectors).all(axis=1)
    east, up = (np.where(use, vectors[:, axis], 0.0) for axis in (0, 2))
    ee, eu, uu = ((a * b).sum(axis=0) for a, b in ((east, east), (east, up), (up, up)))
    middle, half = (ee + uu) / 2, np.sqrt(((ee - uu) / 2) ** 2 + eu**2)
    least = middle - half
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(least > 1e-12 * middle, np.sqrt((middle + half) / np.maximum(least, 1e-300)), np.inf)
    return np.where(use.sum(axis=0) > 1, ratio, np.nan)


def too_alike(vectors: Float, condition: float, limit: float, names: Sequence[str]) -> str:
    """The sentence for lines of sight between which there is too little angle."""
    who = f" of {' and '.join(names)}" if names else ""
    means = [np.array([np.nanmean(vectors[k, axis]) for axis in (0, 2)]) for k in range(len(vectors))]
    turns = [np.degrees(np.arctan2(mean[0], mean[1])) for mean in means]
    return (
        f"The lines of sight{who} are nearly the same ({max(turns) - min(turns):.0f} degrees apart between east and up; condition number "
        f"{condition:.3g}, at most {limit:g}), so they cannot tell vertical from east-west motion; take an ascending and a descending track."
    )


def _prepare(displacements: ArrayLike, los_vectors: ArrayLike, sigmas: ArrayLike | None) -> tuple[Float, Float, Float]:
    data = _floats(displacements, "displacements")
    vectors = _floats(los_vectors, "los_vectors")
    if data.ndim < 1 or len(data) < 2:
        raise InsarcastError(
            f"A decomposition needs two lines of sight or more, but displacements hold {len(data) if data.ndim else 0}."
        )
    if vectors.ndim < 2 or vectors.shape[:2] != (len(data), 3):
        raise InsarcastError(
            f"los_vectors have the shape {vectors.shape}, but must begin with ({len(data)}, 3): a vector (east, north, up) for each geometry."
        )
    missing = data.ndim - (vectors.ndim - 1)
    vectors = vectors.reshape(*vectors.shape[:2], *[1] * max(missing, 0), *vectors.shape[2:])
    length = np.sqrt((vectors**2).sum(axis=1))
    if (np.abs(length[np.isfinite(length)] - 1) > 0.02).any():
        worst = float(length[np.isfinite(length)][np.abs(length[np.isfinite(length)] - 1).argmax()])
        raise InsarcastError(f"los_vectors must be unit vectors (east, north, up), but one has the length {worst:.3g}.")
    try:
        vectors = np.broadcast_to(vectors, (len(data), 3, *data.shape[1:]))
        noise = np.broadcast_to(1.0 if sigmas is None else _lined_up(_floats(sigmas, "sigmas"), data.ndim), data.shape)
    except ValueError:
        raise InsarcastError(
            f"los_vectors {np.shape(los_vectors)} and sigmas {np.shape(sigmas) if sigmas is not None else ''} do not fit displacements "
            f"{data.shape}."
        ) from None
    return data, vectors, np.asarray(noise, np.float64)


def _lined_up(values: Float, ndim: int) -> Float:
    """One sigma per geometry stands for all of its pixels."""
    return values.reshape(*values.shape, *[1] * (ndim - 1)) if values.ndim == 1 else values


def _floats(values: Any, name: str) -> Float:
    try:
        return np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise InsarcastError(f"{name} must be numbers of the same shape for every geometry.") from None
