"""Where a scene lies and how the radar sees it: lattice, look angles, heights, land cover."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .draw import Draw, generator
from .fields import power_law_field

Array = npt.NDArray[np.float32]

WAVELENGTH = 0.055465763  # m, Sentinel-1
ORBIT_HEIGHT = 693000.0  # m
COVERS = ("bare", "vegetation", "water")


@dataclass(frozen=True)
class Lattice:
    """A north-up lattice in UTM.

    Attributes:
        epsg: code of the CRS.
        west: easting of the western edge, m, a multiple of ``pixel``.
        north: northing of the northern edge, m, a multiple of ``pixel``.
        pixel: pixel size, m.
        ny: rows.
        nx: columns.
    """

    epsg: int
    west: float
    north: float
    pixel: float
    ny: int
    nx: int

    @property
    def shape(self) -> tuple[int, int]:
        return self.ny, self.nx

    @property
    def x(self) -> npt.NDArray[np.float64]:
        """Eastings of pixel centres, ascending."""
        return np.asarray(self.west + self.pixel * (np.arange(self.nx) + 0.5), np.float64)

    @property
    def y(self) -> npt.NDArray[np.float64]:
        """Northings of pixel centres, descending."""
        return np.asarray(self.north - self.pixel * (np.arange(self.ny) + 0.5), np.float64)


@dataclass(frozen=True, eq=False)
class Look:
    """How the radar sees the ground.

    Attributes:
        theta: elevation of the satellite above the horizon, rad (90 degrees - incidence), (y, x).
        phi: direction to the satellite counted anticlockwise from east, rad, one for the scene.
        heading: flight direction, degrees clockwise from north.
        incidence: at the scene's centre, degrees.
    """

    theta: Array
    phi: float
    heading: float
    incidence: float

    @property
    def enu(self) -> tuple[Array, Array, Array]:
        """Unit vector ground -> satellite: east, north, up, each (y, x)."""
        return (
            np.cos(self.theta) * np.float32(np.cos(self.phi)),
            np.cos(self.theta) * np.float32(np.sin(self.phi)),
            np.sin(self.theta),
        )

    @property
    def ascending(self) -> bool:
        return bool(np.cos(np.deg2rad(self.heading)) > 0)


def make_lattice(area: Mapping[str, Any]) -> Lattice:
    """The lattice around the centre of ``simulate.area``, aligned to multiples of the pixel as HyP3's are."""
    from pyproj import Transformer

    zone = int((area["lon"] + 180) // 6) + 1
    epsg = (32600 if area["lat"] >= 0 else 32700) + zone
    east, north = Transformer.from_crs(4326, epsg, always_xy=True).transform(area["lon"], area["lat"])
    pixel, ny, nx = float(area["pixel"]), area["rows"], area["columns"]
    return Lattice(epsg, (round(east / pixel) - nx // 2) * pixel, (round(north / pixel) + ny // 2) * pixel, pixel, ny, nx)


def make_look(lattice: Lattice, acquisitions: Mapping[str, Any]) -> Look:
    """Look angles of a right-looking radar over flat ground: the incidence grows with the distance across the track."""
    heading, incidence = acquisitions["heading"], acquisitions["incidence"]
    angle = np.deg2rad(heading)
    east, north = lattice.x - lattice.x.mean(), lattice.y - lattice.y.mean()
    away = east[None, :] * np.cos(angle) - north[:, None] * np.sin(angle)
    theta = np.arctan2(1.0, np.tan(np.deg2rad(incidence)) + away / ORBIT_HEIGHT).astype(np.float32)
    return Look(theta, float(np.arctan2(np.sin(angle), -np.cos(angle))), float(heading), float(incidence))


def make_height(lattice: Lattice, area: Mapping[str, Any], seed: int) -> Array:
    """Heights in m: a floor that rises to a rim in the east, and hills with a fractal surface (1-D spectrum k^-2, Turcotte 1997)."""
    rise = np.clip(np.linspace(-0.6, 1, lattice.nx), 0, None).astype(np.float32) ** 2
    hills = power_law_field(generator(seed, Draw.HILLS), lattice.shape, lattice.pixel, (2.0,))
    hills -= hills.min()
    height: Array = (area["base"] + area["relief"] * (rise + 0.1 * hills)).astype(np.float32)
    return height


def make_cover(lattice: Lattice, area: Mapping[str, Any], bowls: Array, seed: int) -> npt.NDArray[np.uint8]:
    """Land cover, index into :data:`COVERS`, by thresholds of random fields at the shares that ``simulate.area`` asks for.

    Args:
        lattice: the lattice.
        area: the study's ``simulate.area``.
        bowls: greatest share of its peak that any bowl has, (y, x): water keeps away from them.
        seed: the scene's seed.
    """
    cover = np.zeros(lattice.shape, np.uint8)
    green = power_law_field(generator(seed, Draw.COVER), lattice.shape, lattice.pixel, (1.5,))
    wet = power_law_field(generator(seed, Draw.WATER), lattice.shape, lattice.pixel, (2.5,)) - 5 * bowls
    water = wet > np.quantile(wet, 1 - area["water"]) if area["water"] else np.zeros(lattice.shape, bool)
    land = green[~water]
    if area["vegetation"] and land.size:
        share = min(1.0, area["vegetation"] * cover.size / land.size)
        cover[green >= np.quantile(land, 1 - share)] = COVERS.index("vegetation")
    cover[water] = COVERS.index("water")
    return cover
