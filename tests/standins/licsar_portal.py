"""A stand-in of the LiCSAR portal and its archive: frames in a folder, as each of the servers shows them.

    with LicsarPortal() as portal:
        portal.add_frame("005A_07021_131313", pairs={"20200101_20200113": {"unw": b"...", "cc": b"..."}})
        ...  # licsar.url = portal.url("listing")

Three addresses show the same frames:

* ``listing``: Apache's listings all the way down, with relative links, dates and rounded sizes; files lie where they are listed;
* ``pages``: the portal since 2025: in the place of each pair's and each date's folder is a page, sent as plain text, whose links
  lead to the archive on another host (``localhost``); asked for directly, a file is not there;
* ``archive``: CEDA's browser: two digits for a track, pairs in the frame's own folder, absolute links, ``?download=1``.

Form of the pages: comet-licsar/licsar_proc ``cedaarch_create_html.sh``; of the listings: Apache 2.4, ``IndexOptions FancyIndexing``
with and without ``HTMLTable``.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from standins.loopback import Answer, Request, Stand

ROOTS = {
    "listing": "/copies/LiCSAR",
    "pages": "/public/nceo_geohazards/LiCSAR_products",
    "archive": "/neodc/comet/data/licsar_products",
}
FOLDERS = ("interferograms", "epochs")

Files = dict[str, bytes]


class LicsarPortal(Stand):
    """The server.

    Attributes:
        frames: frame -> "metadata" -> file -> body; "interferograms" and "epochs" -> pair or date -> file -> body.
        table: Apache writes its listings as a table, not preformatted.
        links: path of a page -> further HTML on it.
        hidden: regular expressions of paths that answer 403, as a server without listings does.
    """

    def __init__(self) -> None:
        super().__init__()
        self.frames: dict[str, dict[str, Any]] = {}
        self.table = False
        self.links: dict[str, str] = {}
        self.hidden: list[str] = []

    def url(self, form: str) -> str:
        """Base address of a form, without a slash at its end."""
        return f"{self.base}{ROOTS[form]}"

    @property
    def archive(self) -> str:
        """The archive as another host names it."""
        return f"http://localhost:{self.server_address[1]}{ROOTS['archive']}"

    def add_frame(
        self,
        frame: str,
        *,
        pairs: Mapping[str, Mapping[str, bytes]] | None = None,
        metadata: Mapping[str, bytes] | None = None,
        epochs: Mapping[str, Mapping[str, bytes]] | None = None,
        corners: list[tuple[float, float]] | None = None,
    ) -> None:
        """Add a frame.

        Args:
            frame: its name.
            pairs: pair -> kind (unw, cc) -> body.
            metadata: file -> body.
            epochs: date -> file -> body.
            corners: longitude and latitude, for ``<frame>-poly.txt``.
        """
        named = {pair: {f"{pair}.geo.{kind}.tif": body for kind, body in kinds.items()} for pair, kinds in (pairs or {}).items()}
        whole = {
            "metadata": dict(metadata or {}),
            "interferograms": named,
            "epochs": {key: dict(v) for key, v in (epochs or {}).items()},
        }
        if corners:
            text = "".join(f"{lon:.5f} {lat:.5f}\n" for lon, lat in corners)
            whole["metadata"][f"{frame}-poly.txt"] = text.encode()
        self.frames[frame] = whole

    def add_folder(self, frame: str, folder: Path, **more: Any) -> None:
        """Add a frame from a folder that ``write_licsar`` or LiCSBAS left."""
        pairs = {
            place.name: {kind: (place / f"{place.name}.geo.{kind}.tif").read_bytes() for kind in ("unw", "cc")}
            for place in sorted(folder.glob("GEOC/*_*"))
            if place.is_dir()
        }
        metadata = {path.name: path.read_bytes() for path in sorted((folder / "GEOC").iterdir()) if path.is_file()}
        self.add_frame(frame, pairs=pairs, metadata=metadata, **more)

    def respond(self, request: Request) -> Answer:
        if any(re.fullmatch(pattern, request.path) for pattern in self.hidden):
            return Answer.page("<html><body>Forbidden</body></html>", 403)
        for form, root in ROOTS.items():
            if request.path == root or request.path.startswith(f"{root}/"):
                parts = [part for part in request.path[len(root) :].split("/") if part]
                return self.show(form, parts, request.path) or Answer.page("<html><body>404 Not Found</body></html>", 404)
        return Answer.page("<html><body>404 Not Found</body></html>", 404)

    def show(self, form: str, parts: list[str], path: str) -> Answer | None:
        """The answer for a path below a root, or None where nothing is there."""
        if not parts:
            return self.listing(form, path, {self.track(form, frame): None for frame in sorted(self.frames)})
        here = [frame for frame in sorted(self.frames) if self.track(form, frame) == parts[0]]
        if len(parts) == 1:
            return self.listing(form, path, dict.fromkeys(here)) if here else None
        if parts[1] not in here:
            return None
        return self.show_frame(form, parts[1], parts[2:], path)

    def show_frame(self, form: str, frame: str, parts: list[str], path: str) -> Answer | None:
        tree = self.frames[frame]
        if form == "archive":
            if not parts:
                return self.listing(form, path, dict.fromkeys([*sorted(tree["interferograms"]), "epochs", "metadata"]))
            if parts[0] not in tree:
                parts = ["interferograms", *parts]
        if not parts:
            return self.listing(form, path, dict.fromkeys(["epochs", "interferograms", "metadata"]))
        name, *rest = parts
        if name not in tree:
            return None
        if name == "metadata":
            return self.show_files(form, tree[name], rest, path)
        if not rest:
            return self.listing(form, path, dict.fromkeys(sorted(tree[name]))) if tree[name] else self.listing(form, path, {})
        if rest[0] not in tree[name]:
            return None
        if form == "pages":
            if len(rest) > 1 or path.endswith("/"):
                return None
            return self.page(frame, name, rest[0], tree[name][rest[0]], path)
        return self.show_files(form, tree[name][rest[0]], rest[1:], path)

    def show_files(self, form: str, files: Files, rest: list[str], path: str) -> Answer | None:
        if not rest:
            return self.listing(form, path, dict(sorted(files.items())))
        if len(rest) > 1 or rest[0] not in files:
            return None
        kind = "image/tiff" if rest[0].endswith(".tif") else "text/plain"
        return Answer(200, files[rest[0]], {"Content-Type": kind, **self.validators(files[rest[0]])})

    def page(self, frame: str, name: str, key: str, files: Files, path: str) -> Answer:
        """The page in the place of a pair's or a date's folder."""
        inner = "" if name == "interferograms" else f"/{name}"
        place = f"{self.archive}/{self.track('archive', frame)}/{frame}{inner}/{key}"
        lines = [f"<a href='{place}/{file}'>{file}</a><br />\n" for file in sorted(files)]
        return Answer(200, ("".join(lines) + self.links.get(path, "")).encode(), {"Content-Type": "text/plain"})

    def listing(self, form: str, path: str, entries: Mapping[str, bytes | None]) -> Answer:
        """A folder's listing: name -> body, or None for what is a folder."""
        rows = []
        for name, body in entries.items():
            leaf = form == "pages" and path.rstrip("/").rpartition("/")[2] in FOLDERS  # a page in the place of a folder
            slash = "/" if body is None and not leaf else ""
            if form == "archive":
                target = f"{path.rstrip('/')}/{name}{slash}"
                link = f'<a href="{target}">{name}</a>'
                rows.append(link if body is None else f'{link} <a href="{self.base}{target}?download=1">Download</a>')
            else:
                size = "-" if body is None else short(len(body))
                link = f'<a href="{html.escape(name)}{slash}">{html.escape(name)}{slash}</a>'
                rows.append(
                    f'<tr><td>&nbsp;</td><td>{link}</td><td align="right">2024-01-31 10:20  </td><td align="right">{size}</td></tr>'
                    if self.table
                    else f'<img src="/icons/x.gif" alt="[   ]"> {link}      2024-01-31 10:20  {size}  '
                )
        parent = f'<a href="{path.rstrip("/").rpartition("/")[0]}/">Parent Directory</a>'
        order = '<a href="?C=N;O=D">Name</a> <a href="?C=M;O=A">Last modified</a> <a href="?C=S;O=A">Size</a>'
        inner = "\n".join([order, parent, *rows, self.links.get(path, "")])
        inner = f"<table>{inner}</table>" if self.table and form != "archive" else f"<pre>{inner}</pre>"
        return Answer.page(f"<!DOCTYPE HTML>\n<html><head><title>Index of {path}</title></head><body>{inner}</body></html>\n")

    @staticmethod
    def track(form: str, frame: str) -> str:
        """How a form writes the track of a frame."""
        return f"{int(frame[:3]):02d}" if form == "archive" else str(int(frame[:3]))


def short(size: int) -> str:
    """A size as Apache writes it: 512, 1.5K, 15M."""
    number = float(size)
    for unit in ("", "K", "M", "G"):
        if number < 1000 or unit == "G":
            return f"{number:.0f}{unit}" if not unit or number >= 10 else f"{number:.1f}{unit}"
        number /= 1024
    raise AssertionError
