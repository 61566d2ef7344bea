"""Is a file what it must be: checksum, size, the CRC of a zip's members, every block of a TIFF, and no page instead of it."""

from __future__ import annotations

import hashlib
import json
import re
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from insarcast.core import file_sha256

from .answers import is_html, is_login
from .errors import Refused, ServiceError
from .remote import Remote
from .secrets import hide, shown

if TYPE_CHECKING:
    import requests

_STARTS = {
    "zip": (b"PK\x03\x04", b"PK\x05\x06"),
    "tiff": (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"),
}
_BLOCK = 1 << 20
_PIXELS = 1 << 21  # read at once


class Spoilt(Exception):
    """The bytes are no good.

    Attributes:
        mark: the same mark twice means that the server itself has these bytes.
    """

    def __init__(self, reason: str, mark: str) -> None:
        super().__init__(reason)
        self.mark = mark


def holds(path: Path, remote: Remote) -> bool:
    """True if a file is there under its own name: it was checked when it got it, so only size and checksum are looked at again."""
    if not path.is_file() or (remote.size is not None and path.stat().st_size != remote.size):
        return False
    return all(_digest(path, name) == wanted.lower() for name, wanted in _wanted(remote))


def check_start(answer: requests.Response, first: bytes, remote: Remote, name: str) -> None:
    """Judge the first bytes, before an earlier part is given up for them.

    Raises:
        Refused: a login page.
        ServiceError: a page or a message instead of the file; may pass.
        Spoilt: no zip, or no TIFF.
    """
    starts, sent = _STARTS.get(remote.kind), answer.headers.get("Content-Type", "")
    if starts and first.startswith(starts):
        return
    url = shown(remote.url)
    page = is_html(None if remote.kind == "text" else sent, first) and not name.lower().endswith((".html", ".htm", ".xhtml"))
    if page and is_login(first):
        raise Refused(
            f"{url} answered with a login page instead of the file: the credentials are missing or have expired, or an agreement "
            "(EULA) is not accepted yet; log in there once, and renew EARTHDATA_TOKEN or ~/.netrc.",
            status=answer.status_code,
        )
    if page:
        raise _instead(url, "a web page", first)
    if ("json" in sent and not name.lower().endswith("json")) or (starts and first.lstrip()[:1] == b"{"):
        raise _instead(url, "a JSON message", first)
    if starts and re.match(rb"(?s)\s*(<\?xml.*?)?<Error>", first):
        raise _instead(url, "an XML message", first)
    if starts:
        raise Spoilt(f"it is no {remote.kind}", hashlib.sha256(first[:64]).hexdigest())


def check_whole(path: Path, remote: Remote) -> None:
    """Judge a file whose last byte has come.

    Raises:
        Spoilt: size or checksum are others, a zip's member fails its CRC, a block of a TIFF is not there.
    """
    size = path.stat().st_size
    if remote.size is not None and size != remote.size:
        raise Spoilt(f"it has {size} bytes instead of {remote.size}", f"size {size}")
    for name, wanted in _wanted(remote):
        if (found := _digest(path, name)) != wanted.lower():
            raise Spoilt(f"it has the {name} {found} instead of {wanted}", found)
    try:
        if remote.kind == "zip":
            _check_zip(path)
        elif remote.kind == "tiff":
            _check_tiff(path)
    except Spoilt:
        raise
    except Exception as error:  # zipfile, zlib, rasterio: whatever they call it, it cannot be read
        raise Spoilt(f"it cannot be read as {remote.kind} ({' '.join(str(error).split())})", file_sha256(path)) from None


def _wanted(remote: Remote) -> list[tuple[str, str]]:
    return [(name, value) for name, value in (("sha256", remote.sha256), ("md5", remote.md5)) if value is not None]


def _digest(path: Path, name: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, name).hexdigest()


def _instead(url: str, found: str, first: bytes) -> ServiceError:
    words = ""
    if found != "a web page":
        try:
            words = json.dumps(json.loads(first))
        except ValueError:
            words = re.sub(rb"<[^>]*>", b" ", first[:2000]).decode(errors="replace")
        words = f": {hide(' '.join(words.split()))[:200]}"
    return ServiceError(f"{url} is not the file but {found}", passing=True, reason=f"{found} came instead of the file{words}")


def _check_zip(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.flag_bits & 1:
                continue  # encrypted: its CRC cannot be tested; unpacking says so
            try:
                with archive.open(member) as file:
                    while file.read(_BLOCK):
                        pass
            except (zipfile.BadZipFile, zlib.error, EOFError) as error:
                raise Spoilt(f"its member {member.filename} is corrupt ({error})", file_sha256(path)) from None


def _check_tiff(path: Path) -> None:
    """Every block can be read; a TIFF has no checksum of its own, but the streams that Deflate packs have."""
    import rasterio
    from rasterio.windows import Window

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an image without a place is still an image
        with rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="TRUE"), rasterio.open(path, driver="GTiff") as image:
            rows = max(block[0] for block in image.block_shapes)
            rows *= max(1, _PIXELS // (rows * image.width))
            for row in range(0, image.height, rows):
                image.read(window=Window(0, row, image.width, min(rows, image.height - row)))
