"""Time series of MintPy: HDF5 of its own form, and HDF-EOS5."""

from __future__ import annotations

import numpy as np

from insarcast.core import Manifest

from .grid_series import Array, Block, GridSeries, Layer
from .windows import chunk_of, grid_of, layer_of, read_dates, stated

# Layers whose 0 means that nothing was measured (MintPy fills with 0); a height of 0 m is one.
_ZERO_IS_NOTHING = ("temporal_coherence", "coherence", "n_unw", "incidence")


def open_mintpy(found: Manifest) -> GridSeries:
    """Open what :func:`insarcast.acquire.ready.mintpy.find_mintpy` found.

    MintPy leaves 0 at all dates where it inverted nothing: such pixels are NaN, unless they are the reference point, or another layer
    says that they were inverted. Angles: incidence from the vertical, azimuth of the vector ground -> satellite anticlockwise from north
    (https://mintpy.readthedocs.io, "azimuthAngle"; as ISCE-2's los.rdr).
    """
    said = found.conventions
    files = {layer: found.static.get(layer, found.static["series"])[0] for layer in said["layers"]}
    layers = {
        layer: layer_of(files[layer], name, zero_is_nothing=layer in _ZERO_IS_NOTHING)
        for layer, name in said["layers"].items()
        if layer != "displacement"
    }
    grid = grid_of(found)
    reference = said["reference_pixel"]
    inverted = layers.get("temporal_coherence") or layers.get("n_unw")

    def displacement(block: Block) -> Array:
        values = read_dates(files["displacement"], said["layers"]["displacement"], said["rows"], block).astype(
            np.float32, copy=False
        )
        empty = ~(values != 0).any(axis=0)  # NaN is not 0
        if reference is not None:
            row, col = reference[0] - block[0].start, reference[1] - block[1].start
            if 0 <= row < empty.shape[0] and 0 <= col < empty.shape[1]:
                empty[row, col] = False
        if inverted is not None and empty.any():
            empty &= ~(inverted(block) > 0)
        values *= np.float32(said["factor"])
        values[:, empty] = np.nan
        return values

    given = {layer: read for layer, read in layers.items() if layer not in ("incidence", "azimuth", "land")}
    if "land" in layers:
        given["water"] = _water(layers["land"])
    los = tuple(said["los"]) if said["los"] else _vectors(layers["incidence"], layers.get("azimuth"), said["azimuth"])
    return GridSeries(
        dates=found.dates,
        grid=grid,
        displacement=displacement,
        los=los,
        layers=given,
        chunk=chunk_of(files["displacement"], said["layers"]["displacement"]),
        **stated(said),
    )


def _water(land: Layer) -> Layer:
    """MintPy's water mask is 1 on land and 0 on water."""
    return lambda block: 1 - land(block)


def _vectors(incidence: Layer, azimuth: Layer | None, constant: float | None) -> Layer:
    """Unit vectors ground -> satellite from MintPy's angles in degrees."""

    def read(block: Block) -> Array:
        theta = np.deg2rad(incidence(block).astype(np.float64))
        phi = np.deg2rad(azimuth(block).astype(np.float64) if azimuth else np.full(theta.shape, constant))
        vectors = (-np.sin(theta) * np.sin(phi), np.sin(theta) * np.cos(phi), np.cos(theta))
        return np.stack(vectors).astype(np.float32)

    return read
