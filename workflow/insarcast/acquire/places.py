"""Where a study's folder is: absolute, under the data root, or fetched from its public original into the cache."""

from __future__ import annotations

from pathlib import Path

from insarcast.core import InsarcastError

from .listing import locate
from .originals import fetch_original
from .web.settings import WebSettings


def find_folder(
    name: str,
    *,
    key: str,
    data_root: str | None,
    original: str | None,
    originals: Path,
    cache: Path,
    settings: WebSettings | None = None,
) -> Path:
    """Find the folder that a study names.

    Args:
        name: the study's value, absolute or under the data root.
        key: the study's key, for the sentence.
        data_root: config data_root or the environment's INSARCAST_DATA, or None.
        original: name of a table in config/originals, or None.
        originals: folder of those tables.
        cache: the cache; originals are kept under ``originals/<name>``.
        settings: how they are fetched.

    Returns:
        The absolute folder, or the one in the cache, relative if the cache is.

    Raises:
        InsarcastError: it is nowhere; the sentence says every place that was looked at.
    """
    wanted = Path(name).expanduser()
    place = locate(name, data_root)
    if place is not None and place.is_dir():
        return place.resolve()
    if wanted.is_absolute():
        looked = f"There is no folder {wanted}, which {key} names"
    elif place is not None:
        looked = f"There is no folder {name}, which {key} names, under the data root {data_root}"
    else:
        looked = (
            f"{key} is '{name}', which lies under the data root, but no data root is set (config data_root or INSARCAST_DATA)"
        )
    if original is None:
        raise InsarcastError(f"{looked}; correct it, or give an absolute folder.")
    try:
        return fetch_original(original, originals, cache, settings)
    except InsarcastError as error:
        raise InsarcastError(f"{looked}; and its public original was not fetched: {str(error).rstrip('.')}.") from None
