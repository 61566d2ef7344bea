"""Fetch rasters of a frame that the cache does not hold yet."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from insarcast.core import InsarcastError

from ..web.download import fetch_all
from ..web.errors import Refused
from ..web.part import part_of
from ..web.remote import Remote
from ..web.secrets import shown
from ..web.settings import WebSettings
from .index import Link


def fetch_rasters(links: Mapping[str, Link], folder: Path, web: WebSettings) -> dict[str, str]:
    """Fetch rasters that the folder does not hold yet; name -> why it cannot be had."""
    todo = {path: link for path, link in links.items() if not (folder / path).is_file()}
    if not todo:
        return {}
    _check_space(todo, folder, web)
    remotes = {path: Remote(link.url, kind="tiff") for path, link in todo.items()}
    try:
        return fetch_all(remotes, folder, web, on_missing="list", what="the LiCSAR portal").skipped
    except Refused as error:
        came = "a login page" if error.status == 200 else f"an answer {error.status} (no access)"
        raise InsarcastError(
            f"{came.capitalize()} came in the place of a file of {folder.name}, but the LiCSAR portal needs no account: open "
            f"{shown(next(iter(todo.values())).url)} in a browser to see whether your network or the portal's maintenance is in "
            "between, then run again: what has come is kept."
        ) from None


def _check_space(links: Mapping[str, Link], folder: Path, web: WebSettings) -> None:
    """Ask for the disk space before hours of downloads: the sizes that the portal's pages say, the largest where they do not."""
    sizes = {path.rpartition(".geo.")[2]: link.size for path, link in links.items() if link.size}
    needed = sum(link.size or sizes.get(path.rpartition(".geo.")[2], 0) for path, link in links.items())
    parts = sum(part.stat().st_size for path in links if (part := part_of(folder / path)).is_file())
    free = shutil.disk_usage(folder).free
    if needed - parts > free - web.spare_gb * 1e9:
        raise InsarcastError(
            f"The {len(links)} files that are still to fetch need about {needed / 1e9:.1f} GB, but only {free / 1e9:.1f} GB are free at "
            f"{folder} (downloads.spare_gb keeps {web.spare_gb:g}); free some, take another cache (config cache), or fewer pairs "
            "(products.start and end, licsar.max_days)."
        )
