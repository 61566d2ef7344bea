"""From content to HTML: the template's environment and filters; every string is escaped."""

from __future__ import annotations

import base64
import re
import struct
from pathlib import Path
from typing import Any

from ..decomposed.content import DecomposedContent
from ..drawing.canvas import DPI, WIDTH
from ..writing import words
from ..writing.content import Content
from ..writing.tables import Table

_TYPES = {".png": "image/png", ".svg": "image/svg+xml"}


def environment(folder: Path) -> Any:
    """Jinja with autoescape on and an error for every name that is missing."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["data_uri"] = data_uri
    environment.filters["size"] = image_size
    environment.filters["whole"] = words.whole
    environment.filters["unbroken"] = unbroken
    environment.globals["figure_file"] = figure_file
    environment.globals["numeric"] = numeric
    environment.filters["style_file"] = lambda name: Path(name).with_suffix(".qml").name
    return environment


def unbroken(text: str) -> Any:
    """Escaped text whose dates and percentages are not broken at the end of a line; 38% of a record is written as 38 %."""
    from markupsafe import Markup, escape

    spaced = re.sub(r"(?<=\d) ?%(?=[\s,.;:)]|$)", "\N{NO-BREAK SPACE}%", str(escape(text)))
    return Markup(re.sub(r"\d{4}-\d{2}-\d{2}", r'<span class="date">\g<0></span>', spaced))


def data_uri(path: Path) -> str:
    """An image as a data URI."""
    return f"data:{_TYPES[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"


def image_size(path: Path) -> tuple[int, int]:
    """Width and height of an image in CSS pixels, so that the page does not jump while it loads.

    A figure of the full width is 920 pixels wide; a narrower one keeps the size of its letters.
    """
    if path.suffix == ".png":
        width, height = struct.unpack(">II", path.read_bytes()[16:24])
        scale = 920 / (WIDTH * DPI)
    else:
        box = path.read_text(encoding="utf-8").split('viewBox="', 1)[1].split('"', 1)[0].split()
        width, height, scale = float(box[2]), float(box[3]), 920 / (WIDTH * 72)
    return round(width * scale), round(height * scale)


def figure_file(part: Content | DecomposedContent, path: Path) -> str:
    """Where a figure lies, seen from the page."""
    return f"{part.folder}/report/figures/{path.name}"


def numeric(table: Table) -> list[bool]:
    """Which columns hold numbers and are set flush right."""
    return [column.right or column.digits is not None for column in table.visible]
