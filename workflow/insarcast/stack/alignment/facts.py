"""What is known of the products' files since they were last read, so that files that are as they were need not be read again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from rasterio.crs import CRS

from insarcast.core import InsarcastError, file_sha256, write_json

from .grid import BadFileError, Block, Grid, Layer, NothingHereError, open_raster
from .interferogram import Interferogram

MOST_COHERENCE = 1.001  # estimates may round over 1
_PIXELS = 2**19  # read at a time, whole rows
_SAVE_EVERY = 200  # files read: an interrupted run goes on from there


class FileFacts:
    """Checksum, lattice and largest value of every file, by path.

    A file whose size and time of change are those of its record is taken to be unchanged, as by Snakemake and git.

    Args:
        record: JSON to read from and write to.
        known: path -> checksum that the file must have.
        code: hash of the code that reads files; what another code read is not taken over.
    """

    def __init__(self, record: Path, known: dict[str, str], code: str) -> None:
        self._record, self._known, self._code, self._unsaved = record, known, code, 0
        old = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
        self._old: dict[str, dict[str, Any]] = old.get("files", {}) if old.get("code") == code else {}
        self._files: dict[str, dict[str, Any]] = {}
        for path in known:
            if Path(path).is_file():
                self.sha256(path)

    def sha256(self, path: str) -> str:
        """Checksum of a file.

        Raises:
            InsarcastError: it is not the one that acquire found.
            BadFileError: there is no such file.
        """
        if path not in self._files:
            try:
                stat = Path(path).stat()
            except OSError:
                Grid.of(path)  # which says in a sentence what is wrong
                raise
            old = self._old.get(path, {})
            if [stat.st_size, stat.st_mtime_ns] != [old.get("size"), old.get("mtime_ns")]:
                old = {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "sha256": file_sha256(Path(path))}
            self._files[path] = old
        found = str(self._files[path]["sha256"])
        if self._known.get(path, found) != found:
            raise InsarcastError(f"{path} has changed since it was found; run again, then it is found anew.")
        return found

    def grid(self, path: str) -> Grid:
        """The lattice of a file; raises BadFileError as :meth:`Grid.of` does."""
        self.sha256(path)
        facts = self._files[path]
        if "grid" not in facts:
            found = Grid.of(path)
            facts["grid"] = [found.crs.to_wkt(), list(found.transform)[:6], found.ny, found.nx]
        wkt, transform, ny, nx = facts["grid"]
        return Grid(CRS.from_wkt(wkt), Affine(*transform), ny, nx)

    def place(self, path: str, home: Grid, kind: str) -> Layer:
        """A file placed on a lattice, unread.

        Args:
            path: the file.
            home: the lattice.
            kind: ``phase``, ``coherence`` or ``components``.

        Raises:
            BadFileError: as :meth:`Grid.of` and :meth:`Grid.offset` do.
        """
        grid = self.grid(path)
        row, col = home.offset(grid, path)
        return Layer(path, row, col, grid.ny, grid.nx, share=kind == "coherence")

    def checked(self, product: Interferogram, asked: Block | None, conventions: dict[str, Any]) -> Interferogram:
        """A product whose files were read through once, with their largest values.

        Args:
            product: the product.
            asked: rows and columns on its own lattice that will be used; None: all.
            conventions: of the manifest.

        Raises:
            BadFileError: a file is broken or holds nothing.
            NothingHereError: a file is in order, but holds nothing of what will be used.
        """
        layers = {}
        for name, layer in product.layers:
            nodata = {"phase": conventions.get("nodata"), "components": 0.0}.get(name)
            top, scale = self._top(layer, asked, nodata, name)
            layers[name] = replace(layer, top=top, scale=scale)
        ready = product.of(layers)
        if asked is not None and ready.coherence is not None and self._may_be_zero(ready, asked, conventions):
            # An interferogram's own reference is the most coherent pixel of the whole file.
            layers["coherence"] = replace(ready.coherence, top=self._top(ready.coherence, None, None, "coherence")[0])
            ready = product.of(layers)
        return ready

    def _may_be_zero(self, product: Interferogram, asked: Block, conventions: dict[str, Any]) -> bool:
        """Whether a part of a product may hold its own reference; read once."""
        known = self._files[product.phase.path].setdefault("top", {})
        key = f"zero {product.coherence and product.coherence.path} {asked}"
        if key not in known:
            known[key] = product.may_hold_its_zero(asked, conventions)
        return bool(known[key])

    def _top(self, layer: Layer, asked: Block | None, nodata: float | None, kind: str) -> tuple[float, float]:
        """The largest value of a file, or of a part of it, and what its values are divided by."""
        part = (slice(layer.row, layer.row + layer.ny), slice(layer.col, layer.col + layer.nx))
        if asked is not None:
            part = tuple(  # type: ignore[assignment]
                slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(part, asked, strict=True)
            )
        if any(axis.stop <= axis.start for axis in part):
            raise NothingHereError(f"{layer.path} does not reach into area")
        own = [part[0].start - layer.row, part[0].stop - layer.row, part[1].start - layer.col, part[1].stop - layer.col]
        whole = own == [0, layer.ny, 0, layer.nx]
        known = self._files[layer.path].setdefault("top", {})
        key = f"{kind} {nodata}" if whole else f"{kind} {nodata} {own}"
        if key not in known:
            known[key] = _read_through(layer, part, nodata, kind)
            self._unsaved += 1
            if self._unsaved >= _SAVE_EVERY:
                self.save()
        if known[key] is None:
            if whole:
                raise BadFileError(f"{layer.path} holds nothing but nodata; fetch it again.")
            raise NothingHereError(f"{layer.path} holds nothing but nodata inside area")
        top, scale = known[key]
        return top, scale

    def save(self) -> None:
        """Write the record; files that the manifest no longer names are forgotten."""
        self._unsaved = 0
        part = self._record.with_name(f".part-{self._record.name}")
        write_json(part, {"code": self._code, "files": self._files})
        part.rename(self._record)


def _read_through(layer: Layer, part: Block, nodata: float | None, kind: str) -> tuple[float, float] | None:
    """The largest value of a part of a file and what its values are divided by, or None where it holds nothing; all of it is read."""
    top, whole_numbers = -np.inf, True
    rows = max(1, _PIXELS // (part[1].stop - part[1].start))
    for start in range(part[0].start, part[0].stop, rows):
        values = layer.read((slice(start, min(start + rows, part[0].stop)), part[1]), nodata)
        valid = values[np.isfinite(values)]
        top = max(top, float(valid.max())) if valid.size else top
        if kind == "coherence" and top > MOST_COHERENCE:
            whole_numbers = whole_numbers and bool((valid == np.rint(valid)).all())
    if not np.isfinite(top):
        return None
    if kind != "coherence" or top <= MOST_COHERENCE:
        return top, 1.0
    with open_raster(layer.path) as file:
        is_float = file.dtypes[0].startswith("float")
    if is_float and whole_numbers and top <= 255:  # bytes that were saved as floats
        return top / 255, 255.0
    raise BadFileError(f"{layer.path} holds coherence up to {top:g}; it must be 0 to 1, or 0 to 255 in whole numbers.")
