"""What tests read: the page as a reader sees it, text without its fine spaces, the facts beside a figure."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from tests.report.toy import OneCube


class Page(HTMLParser):
    """Tags with their attributes, visible text, and tables as rows of cells."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.captions: list[str] = []
        self._in: list[str] = []
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "link", "br"):
            self._in.append(tag)
        if tag == "table":
            self.tables.append([])
            self.captions.append("")
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        while self._in and self._in.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "style" not in self._in:
            self.words.append(data)
        if "td" in self._in or "th" in self._in:
            self.tables[-1][-1][-1] += data
        elif "caption" in self._in:
            self.captions[-1] += data

    @property
    def text(self) -> str:
        return re.sub(r"[\s\xa0]+", " ", "".join(self.words))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def plain(text: str) -> str:
    return re.sub(r"[\s\xa0\u202f]", " ", text).replace("\N{MINUS SIGN}", "-")


def facts(study: OneCube, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(study.figure(name)[1].read_text())
    return found
