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

from .grid import BadFileError, Grid, Layer

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

    def layer(self, path: str, base: Grid, nodata: float | None, kind: str) -> Layer:
        """A file placed on the lattice, after it was read once; raises BadFileError if it is broken or empty."""
        grid = self.grid(path)
        row, col = base.offset(grid, path)
        layer = Layer(path, row, col, share=kind == "coherence")
        known = self._files[path].setdefault("top", {})
        if f"{kind} {nodata}" not in known:
            known[f"{kind} {nodata}"] = _read_through(layer, grid, nodata, kind)
            self._unsaved += 1
            if self._unsaved >= _SAVE_EVERY:
                self.save()
        return replace(layer, top=known[f"{kind} {nodata}"])

    def save(self) -> None:
        """Write the record; files that the manifest no longer names are forgotten."""
        self._unsaved = 0
        part = self._record.with_name(f".part-{self._record.name}")
        write_json(part, {"code": self._code, "files": self._files})
        part.rename(self._record)


def _read_through(layer: Layer, grid: Grid, nodata: float | None, kind: str) -> float:
    """The largest value of a file; every pixel is read."""
    any_valid, top = False, -np.inf
    rows = max(1, _PIXELS // grid.nx)
    for start in range(layer.row, layer.row + grid.ny, rows):
        stop = min(start + rows, layer.row + grid.ny)
        values = layer.read((slice(start, stop), slice(layer.col, layer.col + grid.nx)), nodata)
        valid = np.isfinite(values)
        any_valid = any_valid or bool(valid.any())
        top = max(top, float(values[valid].max())) if valid.any() else top
    if not any_valid:
        raise BadFileError(f"{layer.path} holds nothing but nodata; fetch it again.")
    if kind == "coherence" and top > 1.001:
        raise BadFileError(f"{layer.path} holds coherence up to {top:g}; it must be 0 to 1 (float) or 0 to 255 (uint8).")
    return top
