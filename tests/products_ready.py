"""A displacement series written as MintPy, LiCSBAS and OPERA write theirs: names, datasets, attributes, units, sign, chunks.

Conventions: MintPy 1.6.4 (writefile.py and save_hdfeos5.py, read, not copied), LiCSBAS 1.15 (help texts of steps 02, 13, 16), disp-s1 0.5
(product specification JPL D-108772).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from affine import Affine
from products import bowl, days

Array = npt.NDArray[Any]

WAVELENGTH = 0.05546576
UTM = Affine(80.0, 0, 480_000.0, 0, -80.0, 2_150_000.0)
DEGREES = Affine(0.001, 0, -99.2, 0, -0.001, 19.5)


@dataclass(frozen=True)
class Ready:
    """What the files are made from.

    Attributes:
        dates: ``yyyymmdd``.
        displacement: (time, y, x) mm, positive towards the satellite, NaN where nothing was measured, 0 at the first date.
        transform: corner of the pixels.
        crs: ``EPSG:4326`` or of a UTM zone.
        incidence: (y, x) degrees.
        heading: degrees clockwise from north.
        height: (y, x) m.
        coherence: (y, x).
        reference: row and column where displacement is 0 at all dates.
        baselines: m, per date.
        water: (y, x) True on water.
    """

    dates: list[str]
    displacement: Array
    transform: Affine
    crs: str
    incidence: Array
    heading: float
    height: Array
    coherence: Array
    reference: tuple[int, int]
    baselines: list[float] = field(default_factory=list)
    water: Array | None = None

    @property
    def shape(self) -> tuple[int, int]:
        return self.displacement.shape[1], self.displacement.shape[2]

    @property
    def los(self) -> Array:
        """(enu, y, x) unit vector ground -> satellite of a right-looking radar."""
        theta, head = np.deg2rad(self.incidence), np.deg2rad(self.heading)
        return np.stack([-np.sin(theta) * np.cos(head), np.sin(theta) * np.sin(head), np.cos(theta)])


def make_ready(
    n_dates: int = 9, ny: int = 23, nx: int = 31, *, utm: bool = True, heading: float = -12.0, seed: int = 0, step: int = 12
) -> Ready:
    """A bowl with noise, a lake and a corner where nothing was measured."""
    rng = np.random.default_rng(seed)
    dates = days(n_dates, step)
    values = bowl(dates, ny, nx) + rng.normal(0, 2, (n_dates, ny, nx))
    row, col = 2, 3
    values -= values[:1]
    values -= values[:, row : row + 1, col : col + 1]
    values[:, -4:, -5:] = np.nan
    water = np.zeros((ny, nx), bool)
    water[-3:, :4] = True
    return Ready(
        dates,
        values,
        UTM if utm else DEGREES,
        "EPSG:32614" if utm else "EPSG:4326",
        np.linspace(37, 41, nx)[None, :] + np.zeros((ny, 1)),
        heading,
        2240 + 10 * rng.normal(size=(ny, nx)),
        np.clip(rng.normal(0.7, 0.1, (ny, nx)), 0.05, 1),
        (row, col),
        [0.0, *np.round(rng.normal(0, 60, n_dates - 1), 1)],
        water,
    )


def cut(ready: Ready, rows: slice, cols: slice) -> Ready:
    """A part of a scene, with its own corner."""
    parts = {name: getattr(ready, name)[rows, cols] for name in ("incidence", "height", "coherence", "water")}
    corner = ready.transform @ Affine.translation(cols.start, rows.start)
    return replace(ready, displacement=ready.displacement[:, rows, cols], transform=corner, **parts)


# --- MintPy -----------------------------------------------------------------------------------------------------------------------------


def mintpy_attributes(ready: Ready, kind: str, unit: str, **changes: str | None) -> dict[str, str]:
    """Attributes of a file of MintPy, all of them text; None takes one away."""
    ny, nx = ready.shape
    degrees = ready.crs == "EPSG:4326"
    where = {"X_UNIT": "degrees", "Y_UNIT": "degrees"} if degrees else {"X_UNIT": "meters", "Y_UNIT": "meters", "UTM_ZONE": "14N"}
    t = ready.transform
    centre = t @ (ready.reference[1] + 0.5, ready.reference[0] + 0.5)
    attributes: dict[str, str | None] = {
        "ALOOKS": "4", "RLOOKS": "20", "ANTENNA_SIDE": "-1", "CENTER_LINE_UTC": "45015.0", "DATA_TYPE": "float32",
        "EARTH_RADIUS": "6371000.0", "FILE_LENGTH": str(ny), "FILE_TYPE": kind, "HEADING": str(ready.heading), "HEIGHT": "693000.0",
        "LENGTH": str(ny), "WIDTH": str(nx), "ORBIT_DIRECTION": "ASCENDING" if abs(ready.heading) < 90 else "DESCENDING",
        "PLATFORM": "Sen", "PROCESSOR": "hyp3", "REF_DATE": ready.dates[0], "REF_Y": str(ready.reference[0]),
        "REF_X": str(ready.reference[1]), "REF_LAT": str(centre[1]), "REF_LON": str(centre[0]), "UNIT": unit,
        "WAVELENGTH": str(WAVELENGTH), "X_FIRST": str(t.c), "X_STEP": str(t.a), "Y_FIRST": str(t.f), "Y_STEP": str(t.e),
        "EPSG": ready.crs.removeprefix("EPSG:"), "NO_DATA_VALUE": "0.0", "START_DATE": ready.dates[0], "END_DATE": ready.dates[-1],
        "mintpy.networkInversion.weightFunc": "var",
    }  # fmt: skip
    return {name: value for name, value in (attributes | where | changes).items() if value is not None}


def write_h5(path: Path, datasets: dict[str, Array], attributes: dict[str, str], compression: str | None = None) -> Path:
    """A file as MintPy's writefile.write leaves it: chunks of h5py's choice, attributes on the root."""
    import h5py

    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for name, values in datasets.items():
            file.create_dataset(name, data=values, chunks=True if values.ndim else None, compression=compression)
        for name, value in attributes.items():
            file.attrs[name] = value
    return path


def mintpy_series(ready: Ready) -> Array:
    """(time, y, x) float32 m, 0 where nothing was inverted."""
    return np.nan_to_num(ready.displacement / 1000).astype(np.float32)


def write_mintpy(
    folder: Path, ready: Ready, name: str = "timeseries_ERA5_ramp_demErr.h5", *, beside: bool = True, **changes: Any
) -> Path:
    """A folder of MintPy with a geocoded time series and, ``beside`` it, geometry, masks and coherences."""
    dates = np.array(ready.dates, "S8")
    datasets = {"timeseries": mintpy_series(ready), "date": dates, "bperp": np.array(ready.baselines, np.float32)}
    path = write_h5(folder / name, datasets, mintpy_attributes(ready, "timeseries", "m", **changes))
    if beside:
        measured = np.isfinite(ready.displacement).all(axis=0)
        azimuth = np.full(ready.shape, (90 - ready.heading + 180) % 360 - 180)
        layers: dict[str, tuple[str, dict[str, Array]]] = {
            "geometryGeo.h5": (
                "geometry",
                {
                    "height": ready.height,
                    "incidenceAngle": ready.incidence,
                    "azimuthAngle": azimuth,
                    **({} if ready.water is None else {"waterMask": ~ready.water}),
                },
            ),
            "temporalCoherence.h5": ("temporalCoherence", {"temporalCoherence": np.where(measured, 0.9, 0)}),
            "avgSpatialCoh.h5": ("coherence", {"coherence": ready.coherence}),
            "maskTempCoh.h5": ("mask", {"mask": measured & (ready.coherence > 0.5)}),
            "numInvIfgram.h5": ("mask", {"mask": np.where(measured, 3.0 * len(ready.dates) - 6, 0)}),
        }
        for file, (kind, layer) in layers.items():
            place = folder / "inputs" / file if file.startswith("geometry") else folder / file
            typed = {n: v if v.dtype == bool else v.astype(np.float32) for n, v in layer.items()}
            write_h5(place, typed, mintpy_attributes(ready, kind, "1"), "lzf")
    return path


def write_hdfeos5(folder: Path, ready: Ready) -> Path:
    """The same in one file, as save_hdfeos5.py writes it."""
    import h5py

    path = folder / f"S1_IW12_005_0061_0066_{ready.dates[0]}_{ready.dates[-1]}.he5"
    measured = np.isfinite(ready.displacement).all(axis=0)
    azimuth = np.full(ready.shape, (90 - ready.heading + 180) % 360 - 180)
    groups: dict[str, dict[str, tuple[Array, str]]] = {
        "observation": {
            "displacement": (mintpy_series(ready), "meters"),
            "date": (np.array(ready.dates, "S8"), ""),
            "bperp": (np.array(ready.baselines, np.float32), ""),
        },
        "quality": {
            "temporalCoherence": (np.where(measured, 0.9, 0).astype(np.float32), "1"),
            "avgSpatialCoherence": (ready.coherence.astype(np.float32), "1"),
            "mask": (measured & (ready.coherence > 0.5), "1"),
        },
        "geometry": {
            "height": (ready.height.astype(np.float32), "meters"),
            "incidenceAngle": (ready.incidence.astype(np.float32), "degrees"),
            "azimuthAngle": (azimuth.astype(np.float32), "degrees"),
        },
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for group, datasets in groups.items():
            for name, (values, units) in datasets.items():
                made = file.create_dataset(f"HDFEOS/GRIDS/timeseries/{group}/{name}", data=values, chunks=True, compression="lzf")
                if units:
                    made.attrs["Title"], made.attrs["Units"] = name, units
                    made.attrs["MissingValue"] = made.attrs["_FillValue"] = values.dtype.type(0)
        for key, text in (mintpy_attributes(ready, "HDFEOS", "m") | {"mission": "S1", "flight_direction": "A"}).items():
            file.attrs[key] = text
    return path


# --- LiCSBAS ----------------------------------------------------------------------------------------------------------------------------


def write_licsbas(
    folder: Path,
    ready: Ready,
    name: str = "TS_GEOCml1/cum.h5",
    *,
    looks: int = 1,
    inside: bool = True,
    gaps: Sequence[int] = (),
    **extra: Any,
) -> Path:
    """TS_GEOCml*/cum.h5 with the layers inside (``inside``) or as flat files, as an older LiCSBAS leaves them.

    Args:
        folder: of the frame.
        ready: on degrees.
        name: of the file.
        looks: n x n pixels averaged into one: the corner is the centre of the first original one.
        inside: layers within the file.
        gaps: indices of dates whose step from the one before no interferogram supports.
        extra: further datasets.
    """
    import h5py

    t, (ny, nx) = ready.transform, ready.shape
    path = folder / name
    results, stack = path.parent / "results", folder / path.parent.name.removeprefix("TS_")
    for place in (results, stack, path.parent / "info"):
        place.mkdir(parents=True, exist_ok=True)
    measured = np.isfinite(ready.displacement).any(axis=0)
    years = (np.array([date.fromisoformat(day) for day in ready.dates], "datetime64[D]").astype(float)) / 365.25
    centred = years - years.mean()
    velocity = np.tensordot(centred, ready.displacement, 1) / (centred @ centred)
    n_dates = len(ready.dates)
    gap = np.zeros((n_dates - 1, ny, nx), np.int8)
    gap[[at - 1 for at in gaps]] = 1
    layers = {
        "coh_avg": ready.coherence, "hgt": ready.height, "n_loop_err": np.ones((ny, nx)), "n_unw": np.full((ny, nx), 3.0 * n_dates),
        "n_ifg_noloop": np.zeros((ny, nx)), "resid_rms": np.full((ny, nx), 1.5), "n_gap": gap.sum(axis=0), "maxTlen": np.ones((ny, nx)),
        "E.geo": ready.los[0], "N.geo": ready.los[1], "U.geo": ready.los[2],
    }  # fmt: skip
    layers = {layer: np.where(measured, values, np.nan).astype(np.float32) for layer, values in layers.items()}
    layers |= {"mask": np.where(measured, ready.coherence > 0.5, np.nan).astype(np.float32)}
    row, col = ready.reference
    with h5py.File(path, "w") as file:
        file.create_dataset("imdates", data=[np.int32(day) for day in ready.dates])
        file.create_dataset("bperp", data=list(ready.baselines))
        file.create_dataset("gap", data=gap, compression="gzip")
        file.create_dataset("cum", data=ready.displacement.astype(np.float32), compression="gzip")
        file.create_dataset("vel", data=velocity.astype(np.float32), compression="gzip")
        file.create_dataset("vintercept", data=np.zeros((ny, nx), np.float32), compression="gzip")
        file.create_dataset("refarea", data=f"{col}:{col + 1}/{row}:{row + 1}")
        places = {"corner_lat": t.f + t.e / (2 * looks), "corner_lon": t.c + t.a / (2 * looks), "post_lat": t.e, "post_lon": t.a}
        for key, value in (places | extra).items():
            file.create_dataset(key, data=value)
        for layer, values in layers.items():
            if inside and (layer != "mask" or "filt" in name):
                file.create_dataset(layer, data=values, compression="gzip")
    for layer, values in layers.items():
        if layer == "mask" or not inside:
            values.tofile((stack if layer.endswith(".geo") else results) / layer)
    (path.parent / "info/13parameters.txt").write_text(
        f"range_samples:  {nx}\nazimuth_lines:  {ny}\nwavelength:     {WAVELENGTH}\n"
    )
    return path


def write_out2nc(
    path: Path, ready: Ready, *, up: bool = False, aligned: bool = False, unit: str | None = "mm", filtered: bool = False
) -> Path:
    """NetCDF as LiCSBAS_out2nc.py writes it by xarray.

    Args:
        path: the file.
        ready: on degrees.
        up: rows from south to north, as version 1.0 and --cf have them.
        aligned: names as --alignsar has them.
        unit: of cum, or None.
        filtered: made of cum_filt.h5.
    """
    import xarray as xr

    t, (ny, nx) = ready.transform, ready.shape
    time = np.array([f"{day[:4]}-{day[4:6]}-{day[6:]}" for day in ready.dates], "datetime64[ns]")
    years = time.astype("datetime64[D]").astype(float) / 365.25
    centred = years - years.mean()
    measured = np.isfinite(ready.displacement).any(axis=0)
    flat = lambda values: (("lat", "lon"), np.where(measured, values, np.nan).astype(np.float32))  # noqa: E731
    cum = (ready.displacement - ready.displacement[:1]).astype(np.float32)
    data = xr.Dataset(
        {
            "cum": (("time", "lat", "lon"), cum, {} if unit is None else {"units" if up else "unit": unit}),
            "vel": flat(np.tensordot(centred, ready.displacement, 1) / (centred @ centred)),
            "bperp": ("time", np.where(np.array(ready.baselines) == 0, np.nan, ready.baselines).astype(np.float32), {"unit": "m"}),
            "coh": flat(ready.coherence),
            "rms": flat(np.full((ny, nx), 1.5)),
            "mask": (("lat", "lon"), (measured & (ready.coherence > 0.5)).astype(np.int8)),
        },
        {"time": time, "lat": t.f + t.e * (np.arange(ny) + 0.5), "lon": t.c + t.a * (np.arange(nx) + 0.5)},
        {"filtered_version": int(filtered), "inc_angle": 39.2, "ref_lon": (t @ (ready.reference[1] + 0.5, 0))[0],
         "ref_lat": (t @ (0, ready.reference[0] + 0.5))[1]},
    )  # fmt: skip
    if aligned:
        data = data.rename({"cum": "cum_displacement", "vel": "linear_velocity", "coh": "mean_coherence", "rms": "residuals_rms"})
    path.parent.mkdir(parents=True, exist_ok=True)
    (data.sortby("lat") if up else data).to_netcdf(path, engine="h5netcdf", encoding={"time": {"dtype": "i4"}})
    return path


# --- OPERA ------------------------------------------------------------------------------------------------------------------------------

FRAME = 8882
_CLOCK = "T002651Z"


def opera_name(reference: str, secondary: str, made: str = "20241219T231545Z", version: str = "1.0", frame: int = FRAME) -> str:
    """Name of a product."""
    return f"OPERA_L3_DISP-S1_IW_F{frame:05d}_VV_{reference}{_CLOCK}_{secondary}T002652Z_v{version}_{made}.nc"


def ministacks(dates: Sequence[str], size: int) -> list[tuple[str, str]]:
    """Pairs (reference, date) of historical processing: each ministack's reference is the last date of the one before."""
    return [(dates[(at - 1) // size * size], dates[at]) for at in range(1, len(dates))]


def write_opera(
    folder: Path,
    ready: Ready,
    pairs: Sequence[tuple[str, str]] | None = None,
    *,
    static: bool = True,
    keep_bits: int | None = None,
    tide: float = 0.0,
    bad: dict[str, tuple[slice, slice]] | None = None,
    **name: Any,
) -> list[Path]:
    """One NetCDF4 per pair (reference, date), and the static layers.

    Args:
        folder: where to.
        ready: in a UTM zone.
        pairs: None: ministacks of four.
        static: write line_of_sight_enu.tif and dem.tif too.
        keep_bits: mantissa bits of the displacement that are kept (12 in the service's files); None: all.
        tide: mm of solid Earth tide a date, which is in the displacement and in its layer.
        bad: date -> window where the product does not recommend its pixels.
        name: made, version, frame of the names.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for reference, secondary in pairs or ministacks(ready.dates, 4):
        one, other = ready.dates.index(reference), ready.dates.index(secondary)
        tidal = tide * (other - one)
        values = ready.displacement[other] - ready.displacement[one] + tidal
        good = np.isfinite(values)
        if bad and secondary in bad:
            good[bad[secondary]] = False
        path = folder / opera_name(reference, secondary, **name)
        _write_disp(
            path, ready, (values / 1000).astype(np.float32), good, tidal / 1000, (reference, secondary), keep_bits, one, other
        )
        paths.append(path)
    if static:
        write_static(folder, ready)
    return paths


def write_static(folder: Path, ready: Ready, satellite: str = "S1A", frame: int = FRAME, *, wider: int = 0) -> None:
    """The frame's static layers, ``wider`` pixels larger than the scene on each side."""
    import rasterio

    start = f"OPERA_L3_DISP-S1-STATIC_F{frame:05d}_20140403_{satellite}_v1.0"
    around = [(wider, wider), (wider, wider)]
    profile = {
        "driver": "GTiff", "dtype": "float32", "crs": ready.crs, "transform": ready.transform @ Affine.translation(-wider, -wider),
        "height": ready.shape[0] + 2 * wider, "width": ready.shape[1] + 2 * wider,
    }  # fmt: skip
    with rasterio.open(folder / f"{start}_line_of_sight_enu.tif", "w", count=3, nodata=0, interleave="pixel", **profile) as file:
        for band, values in enumerate(ready.los, 1):
            file.write(np.pad(values, around, mode="edge").astype(np.float32), band)
    with rasterio.open(folder / f"{start}_dem.tif", "w", count=1, **profile) as file:
        file.write(np.pad(ready.height, around, mode="edge").astype(np.float32), 1)


def _rounded(values: Array, keep_bits: int | None) -> Array:
    """Mantissa rounded to some bits, as the service compresses."""
    if keep_bits is None:
        return values
    mantissa, exponent = np.frexp(values)
    return np.ldexp(np.round(mantissa * 2 ** (keep_bits + 1)) / 2 ** (keep_bits + 1), exponent).astype(np.float32)


def _write_disp(
    path: Path,
    ready: Ready,
    metres: Array,
    good: Array,
    tide: float,
    pair: tuple[str, str],
    keep_bits: int | None,
    one: int,
    other: int,
) -> None:
    """A product: datasets, groups, units, descriptions, chunks and coordinates as disp-s1 writes them by h5netcdf.

    Further products of a folder are copies of the first with other values, which is quicker.
    """
    import h5py

    shape = ready.shape
    water = np.zeros(shape, bool) if ready.water is None else ready.water
    bperp = ready.baselines[other] - ready.baselines[one] if ready.baselines else 0.0
    values: dict[str, Array] = {
        "displacement": _rounded(metres, keep_bits),
        "short_wavelength_displacement": np.where(good, metres, np.nan).astype(np.float32),
        "recommended_mask": (good & ~water).astype(np.uint8),
        "connected_component_labels": good.astype(np.uint16),
        "corrections/solid_earth_tide": np.full(shape, tide, np.float32),
        "corrections/perpendicular_baseline": np.full(shape, bperp, np.float32),
    }
    template = next((old for old in sorted(path.parent.glob("*.nc")) if _covers(old, ready)), None)
    if template is None:
        _new_disp(path, ready, water)
    elif template != path:
        path.write_bytes(template.read_bytes())
    with h5py.File(path, "a") as file:
        for name, layer in values.items():
            file[name][...] = layer
        for name, day in (("time", pair[1]), ("reference_time", pair[0])):
            start = datetime.strptime(day, "%Y%m%d") + timedelta(minutes=26, seconds=51)
            file[name].attrs["units"] = f"seconds since {start}.000000"


def _covers(path: Path, ready: Ready) -> bool:
    """Whether a product has the pixels of a scene."""
    import h5py

    with h5py.File(path) as file:
        t = ready.transform
        return file["displacement"].shape == ready.shape and (file["x"][0], file["y"][0]) == t @ (0.5, 0.5)


def _new_disp(path: Path, ready: Ready, water: Array) -> None:
    """A product without displacement."""
    import h5netcdf
    from pyproj import CRS

    t, (ny, nx) = ready.transform, ready.shape
    shape, chunk = (
        (ny, nx),
        {"chunks": (min(256, ny), min(256, nx)), "compression": "gzip", "compression_opts": 4, "shuffle": True},
    )
    towards = "Displacement along the radar Line-of-Sight (LOS) direction. Positive values indicate apparent motion towards the platform."
    flat, nothing = np.ones(shape, np.float32), np.full(shape, np.nan, np.float32)
    root: dict[str, tuple[Array, Any, str, str]] = {
        "displacement": (nothing, np.nan, "meters", towards),
        "short_wavelength_displacement": (nothing, np.nan, "meters", towards),
        "recommended_mask": (np.zeros(shape, np.uint8), np.uint8(255), "unitless", "Suggested mask to remove low quality pixels"),
        "connected_component_labels": (np.zeros(shape, np.uint16), np.uint16(65535), "unitless", "Connected component labels"),
        "temporal_coherence": (ready.coherence.astype(np.float32), np.nan, "unitless", "Temporal coherence of phase inversion"),
        "water_mask": (
            (~water).astype(np.uint8),
            np.uint8(255),
            "unitless",
            "Binary mask created to ignore water during processing.",
        ),
        "phase_similarity": (np.float32(0.6) * flat, np.nan, "unitless", "Median cosine similarity"),
        "timeseries_inversion_residuals": (0 * flat, np.nan, "radians", "Sum of residuals"),
    }
    corrections: dict[str, tuple[Array, Any, str, str]] = {
        "ionospheric_delay": (0 * flat, np.nan, "meters", "Subtract from /displacement to apply as a correction."),
        "solid_earth_tide": (0 * flat, np.nan, "meters", "Subtract from /displacement to apply as a correction."),
        "perpendicular_baseline": (0 * flat, np.nan, "meters", "Perpendicular baseline"),
    }
    with h5netcdf.File(path, "w") as file:
        file.attrs.update({"Conventions": "CF-1.8", "mission_name": "OPERA", "title": "OPERA_L3_DISP-S1 Product"})
        for group, layers in ((file, root), (file.create_group("corrections"), corrections)):
            group.dimensions = {"y": ny, "x": nx, "time": 1}
            mapping = group.create_variable("spatial_ref", (), data=0, dtype=int)
            mapping.attrs.update({key: value for key, value in CRS(ready.crs).to_cf().items() if value is not None})
            mapping.attrs["GeoTransform"] = f"{t.c} {t.a} 0.0 {t.f} 0.0 {t.e}"
            group.create_variable("y", ("y",), data=t.f + t.e * (np.arange(ny) + 0.5), dtype=float)
            group.create_variable("x", ("x",), data=t.c + t.a * (np.arange(nx) + 0.5), dtype=float)
            for name, (values, fill, units, description) in layers.items():
                made = group.create_variable(name, ("y", "x"), data=values, fillvalue=fill, **chunk)
                made.attrs.update({"units": units, "description": description, "grid_mapping": "spatial_ref"})
        for name in ("time", "reference_time"):
            file.create_variable(name, ("time",), data=np.zeros(1), dtype=float).attrs.update(
                {"standard_name": "time", "calendar": "standard"}
            )
        point = file["corrections"].create_variable("reference_point", (), data=0, dtype=int)
        lon, lat = _lonlat(ready)
        point.attrs.update({"rows": [ready.reference[0]], "cols": [ready.reference[1]], "latitudes": [lat], "longitudes": [lon]})
        about = file.create_group("identification")
        facts: dict[str, Any] = {"frame_id": FRAME, "radar_wavelength": WAVELENGTH, "near_range_incidence_angle": 37.0}
        for name, value in (facts | {"far_range_incidence_angle": 41.0, "product_version": np.bytes_("1.0")}).items():
            about.create_variable(name, (), data=value)


def _lonlat(ready: Ready) -> tuple[float, float]:
    from pyproj import Transformer

    x, y = ready.transform @ (ready.reference[1] + 0.5, ready.reference[0] + 0.5)
    lon, lat = Transformer.from_crs(ready.crs, "EPSG:4326", always_xy=True).transform(x, y)
    return float(lon), float(lat)
