"""HDF5 and NetCDF4 files that others wrote: what cannot be read ends in a sentence that names the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import InsarcastError


@contextmanager
def open_hdf5(path: Path | str) -> Iterator[Any]:
    """Open a file for reading (an ``h5py.File``); nothing in it is locked, so that read-only disks and other readers do no harm.

    Raises:
        InsarcastError: it is not there, is no HDF5, or ends too early.
    """
    import h5py

    try:
        file = h5py.File(path, "r", locking=False)
    except OSError as error:
        if not Path(path).is_file():
            raise InsarcastError(
                f"There is no {path}; bring it back, or delete the manifest so that it is found again."
            ) from None
        what = "is truncated" if "truncated" in str(error) else "is no HDF5 file that can be opened"
        raise InsarcastError(f"{path} {what}; fetch or make it again.") from None
    with file:
        yield file


def read_part(file: Any, name: str, index: Any = ()) -> npt.NDArray[Any]:
    """Values of a dataset, or of a window of it; scalars are arrays without dimensions.

    Args:
        file: an open file.
        name: of the dataset, with its groups.
        index: as for an array; ``()`` for all.

    Raises:
        InsarcastError: there is no such dataset, or it cannot be read.
    """
    import h5py

    try:
        data = file.get(name)
        if isinstance(data, h5py.Dataset):
            return np.asarray(data[index])
    except (OSError, RuntimeError, ValueError, KeyError):
        raise InsarcastError(f"{file.filename} is broken: its {name} cannot be read; fetch or make it again.") from None
    raise InsarcastError(f"{file.filename} has no dataset {name}; it has {held(file)}.")


def find_shape(file: Any, name: str) -> tuple[int, ...] | None:
    """Shape of a dataset; None where there is none of that name."""
    import h5py

    try:
        data = file.get(name)
    except (OSError, RuntimeError, KeyError):
        raise InsarcastError(f"{file.filename} is broken: its {name} cannot be read; fetch or make it again.") from None
    return tuple(data.shape) if isinstance(data, h5py.Dataset) and data.shape is not None else None


def text_of(value: Any) -> str:
    """Text of an attribute or a scalar, however it was written: bytes, str, or an array of one."""
    if isinstance(value, np.ndarray):
        value = value.reshape(-1)[0] if value.size else ""
    return value.decode("utf-8", "replace").strip() if isinstance(value, bytes) else str(value).strip()


def attributes_of(node: Any) -> dict[str, str]:
    """Attributes of a file, group or dataset as text.

    Raises:
        InsarcastError: they cannot be read.
    """
    try:
        return {str(name): text_of(value) for name, value in node.attrs.items()}
    except (OSError, RuntimeError):
        raise InsarcastError(f"{node.file.filename} is broken: its attributes cannot be read; fetch or make it again.") from None


def held(file: Any, most: int = 8) -> str:
    """Names of what a file holds, for a sentence."""
    names: Sequence[str] = sorted(file)
    return ", ".join(names[:most]) + (" ..." if len(names) > most else "") if names else "nothing"
