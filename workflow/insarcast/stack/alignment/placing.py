"""Where products lie: the lattice that most of them share, the grid around all, and the part of it that a study asks for."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from affine import Affine

from insarcast.core import InsarcastError, Manifest, Pair

from .facts import FileFacts
from .grid import BadFileError, Block, Grid, NothingHereError, OtherLatticeError, crs_name
from .interferogram import Interferogram
from .warp import Warp

Skipped = dict[str, str]


@dataclass
class Placed:
    """Products that can be used.

    Attributes:
        products: pair -> its files on the grid.
        grid: the common grid.
        notes: what was skipped or resampled, with the reason.
    """

    products: dict[str, Interferogram]
    grid: Grid
    notes: list[Skipped] = field(default_factory=list)


def place_products(found: Manifest, bad_file: str, facts: FileFacts, area: Sequence[float] | None = None) -> Placed:
    """Place the products of a manifest on one grid, and read through what they have there.

    The lattice is that of most products; the others are resampled onto it where the manifest's ``other_grid`` is ``warp``. The grid is
    the union of their extents, or of it the pixels that an area touches.

    Args:
        found: the manifest.
        bad_file: ``stop`` with a sentence at a file that cannot be used, or ``skip`` its pair.
        facts: what is known of the files.
        area: west, south, east and north in degrees, or None.

    Raises:
        InsarcastError: a file cannot be used, or the area lies outside of all.
    """
    base = base_grid([pair.unwrapped for pair in found.pairs], facts)
    warps = found.conventions.get("other_grid") == "warp"
    notes: list[Skipped] = []
    near: dict[str, Interferogram] = {}
    for pair in found.pairs:
        try:
            near[pair.name] = _place(pair, base, facts, warps)
        except BadFileError as error:
            notes.append(_skip(pair, error, bad_file))
    near, far = _together(near, base)
    notes += [_skip(pair, BadFileError(far[pair.name]), bad_file) for pair in found.pairs if pair.name in far]
    if not near:
        return Placed({}, base, notes)
    grid = _union(near, base)
    grid = grid.cut(area) if area else grid
    good = {}
    for pair in found.pairs:
        if pair.name in near:
            try:
                good[pair.name] = _read(near[pair.name], base, grid, found, facts, whole=area is None)
            except BadFileError as error:
                notes.append(_skip(pair, error, bad_file))
            except NothingHereError as error:  # the file is in order: nothing to mend
                notes.append(_note("pair", pair, str(error)))
    if not good:
        return Placed({}, grid, notes)
    grid = _union(good, base)
    grid = grid.cut(area) if area else grid
    top, left = base.offset(grid, "")
    notes += [_resampled(pair, near[pair.name], base) for pair in found.pairs if pair.name in good and near[pair.name].warp]
    return Placed({name: product.moved(top, left) for name, product in good.items()}, grid, notes)


def base_grid(paths: Sequence[str], facts: FileFacts) -> Grid:
    """The lattice that most files share: one file on another must not make all the others the odd ones.

    Raises:
        InsarcastError: no file can be read.
    """
    seen: list[tuple[int, Grid]] = []
    for path in paths:
        try:
            grid = facts.grid(path)
        except BadFileError:
            continue  # named when its turn comes
        for index, (count, first) in enumerate(seen):
            if _on(first, grid, path):
                seen[index] = (count + 1, first)
                break
        else:
            seen.append((1, grid))
    if not seen:
        Grid.of(paths[0])
        raise InsarcastError(f"No file can be read as a raster; the first is {paths[0]}.")
    return max(seen, key=lambda entry: entry[0])[1]


def _on(first: Grid, grid: Grid, path: str) -> bool:
    try:
        first.offset(grid, path)
    except BadFileError:
        return False
    return True


def _place(pair: Pair, base: Grid, facts: FileFacts, warps: bool) -> Interferogram:
    """The files of a pair on the base lattice, or on their own with the way to it."""
    home, warp = base, None
    try:
        facts.place(pair.unwrapped, base, "phase")
    except OtherLatticeError:
        if not warps:
            raise
        home = facts.grid(pair.unwrapped)
        warp = Warp(home, base)
        warp.check_sizes(pair.unwrapped)
    files = {"phase": pair.unwrapped, "coherence": pair.coherence, "components": pair.components}
    return Interferogram(**{name: facts.place(path, home, name) for name, path in files.items() if path}, warp=warp)


def _read(product: Interferogram, base: Grid, grid: Grid, found: Manifest, facts: FileFacts, *, whole: bool) -> Interferogram:
    """The product with the largest values of its files, which are read through as far as the grid reaches."""
    top, left = base.offset(grid, "")
    asked = product.home((slice(top, top + grid.ny), slice(left, left + grid.nx)))
    return facts.checked(product, None if whole else asked, found.conventions)


def _together(products: Mapping[str, Interferogram], base: Grid) -> tuple[dict[str, Interferogram], dict[str, str]]:
    """Products without those that are resampled but touch none of the others: a grid around them would be mostly empty."""
    on = [_extent(product) for product in products.values() if not product.warp]
    far = {}
    for name, product in products.items():
        if product.warp and on and not any(_touch(_extent(product), extent) for extent in on):
            far[name] = (
                f"{product.phase.path} on {crs_name(product.warp.own.crs)} touches none of the others, which are on "
                f"{crs_name(base.crs)}; is it of another place?"
            )
    return {name: product for name, product in products.items() if name not in far}, far


def _touch(one: Block, other: Block) -> bool:
    return all(a.start < b.stop and b.start < a.stop for a, b in zip(one, other, strict=True))


def _extent(product: Interferogram) -> Block:
    """Rows and columns of the base lattice that hold all files of a product."""
    if product.warp:
        return product.warp.extent
    layers = [layer for _, layer in product.layers]
    return (
        slice(min(layer.row for layer in layers), max(layer.row + layer.ny for layer in layers)),
        slice(min(layer.col for layer in layers), max(layer.col + layer.nx for layer in layers)),
    )


def _union(products: Mapping[str, Interferogram], base: Grid) -> Grid:
    """The grid around all products."""
    extents = [_extent(product) for product in products.values()]
    rows, cols = ([extent[axis] for extent in extents] for axis in (0, 1))
    top, left = min(part.start for part in rows), min(part.start for part in cols)
    bottom, right = max(part.stop for part in rows), max(part.stop for part in cols)
    return Grid(base.crs, base.transform @ Affine.translation(left, top), bottom - top, right - left)


def _skip(pair: Pair, error: BadFileError, bad_file: str) -> Skipped:
    if bad_file == "stop":
        raise BadFileError(
            f"{str(error).rstrip('.')}; or set products.bad_file: skip, or list {pair.name} in products.exclude, to go on without it."
        ) from None
    print(f"skipped {pair.name}: {error}", file=sys.stderr)
    return _note("pair", pair, str(error))


def _note(what: str, pair: Pair, reason: str) -> Skipped:
    return {"what": what, "name": pair.name, "reason": reason}


def _resampled(pair: Pair, product: Interferogram, base: Grid) -> Skipped:
    """The line of a product that lies on another lattice."""
    assert product.warp is not None
    own = product.warp.own.crs
    where = (
        f"it is on {crs_name(own)}, most are on {crs_name(base.crs)}" if own != base.crs else "its pixels lie between the others'"
    )
    return _note("resampled", pair, f"{where}: used, resampled onto the others' grid")
