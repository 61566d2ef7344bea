"""Index pages: what servers write, and what they must not be able to do."""

from __future__ import annotations

import re

import pytest

from insarcast.acquire.portal.index import Link, file, folders, read_links
from insarcast.acquire.portal.portal import PAIR

PAGE = "https://gws-access.jasmin.ac.uk/public/nceo_geohazards/LiCSAR_products/5/005A_07021_131313/interferograms/"
APACHE = """<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">
<html><head><title>Index of /x</title></head><body><h1>Index of /x</h1>
<pre><img src="/icons/blank.gif" alt="Icon "> <a href="?C=N;O=D">Name</a>   <a href="?C=M;O=A">Last modified</a>      <a href="?C=S;O=A">Size</a>
<hr><img src="/icons/back.gif" alt="[PARENTDIR]"> <a href="/public/nceo_geohazards/">Parent Directory</a>                 -
<img src="/icons/folder.gif" alt="[DIR]"> <a href="20200101_20200113/">20200101_20200113/</a>   2023-10-01 12:34    -
<img src="/icons/unknown.gif" alt="[   ]"> <a href="20200113_20200125">20200113_20200125</a>   2025-10-01 12:34  1.2K
<img src="/icons/image2.gif" alt="[IMG]"> <a href="a%26b.geo.unw.tif">a&amp;b.geo.unw.tif</a>  2023-10-01 12:34   33M
</pre></body></html>"""
TABLE = """<table><tr><th><a href="?C=N;O=D">Name</a></th></tr>
<tr><td valign="top"><img src="/i.gif"></td><td><a href="x.geo.cc.tif">x.geo.cc.tif</a></td>
<td align="right">2023-10-01 12:34  </td><td align="right">4.0M</td><td>&nbsp;</td></tr>
<tr><td valign="top"></td><td><a href="y.geo.cc.tif">y</a></td><td align="right">2023-10-01 12:34  </td><td align="right">  - </td></tr></table>"""
NGINX = (
    '<pre><a href="../">../</a>\n<a href="x.geo.cc.tif">x.geo.cc.tif</a>            01-Oct-2023 12:34             4092260\n</pre>'
)


def test_apache() -> None:
    links = read_links(APACHE, PAGE)
    assert folders(links, PAGE, PAIR) == {
        "20200101_20200113": f"{PAGE}20200101_20200113/",
        "20200113_20200125": f"{PAGE}20200113_20200125",
    }
    assert file(links, PAGE, "a&b.geo.unw.tif", ()) == Link("a&b.geo.unw.tif", f"{PAGE}a%26b.geo.unw.tif", 33 * 2**20)


@pytest.mark.parametrize(("text", "size"), [(TABLE, 4 * 2**20), (NGINX, 4092260)])
def test_sizes(text: str, size: int) -> None:
    links = read_links(text, PAGE)
    assert file(links, PAGE, "x.geo.cc.tif", ()) == Link("x.geo.cc.tif", f"{PAGE}x.geo.cc.tif", size)
    assert not text.startswith("<table>") or file(links, PAGE, "y.geo.cc.tif", ()) == Link("y.geo.cc.tif", f"{PAGE}y.geo.cc.tif")


def test_a_page_in_the_place_of_a_folder() -> None:
    page = f"{PAGE}20200113_20200125"
    place = "https://data.ceda.ac.uk/neodc/comet/data/licsar_products/05/005A_07021_131313/20200113_20200125"
    text = f"<a href='{place}/20200113_20200125.geo.unw.tif'>20200113_20200125.geo.unw.tif</a><br />\n" * 2
    links = read_links(text, page)
    name = "20200113_20200125.geo.unw.tif"
    assert file(links, page, name, ["data.ceda.ac.uk"]) == Link(name, f"{place}/{name}")
    assert file(links, page, name, ["dap.ceda.ac.uk"]) is None
    assert file(links, page, "20200113_20200125.geo.cc.tif", ["data.ceda.ac.uk"]) is None


def test_what_is_meant_for_downloading_comes_first() -> None:
    page = "https://data.ceda.ac.uk/neodc/x/"
    text = '<a href="/neodc/x/a.tif">a.tif</a> <a href="https://dap.ceda.ac.uk/neodc/x/a.tif?download=1">Download</a>'
    found = file(read_links(text, page), page, "a.tif", ["dap.ceda.ac.uk"])
    assert found == Link("a.tif", "https://dap.ceda.ac.uk/neodc/x/a.tif?download=1")


@pytest.mark.parametrize(
    "target",
    [
        "../20200101_20200113/",
        "/20200101_20200113/",
        "http://other.example/x/20200101_20200113/",
        "//other.example/20200101_20200113/",
        "a/b/20200101_20200113/",
        "%2e%2e/20200101_20200113/",
        "..%2f..%2f20200101_20200113/",
        "https://gws-access.jasmin.ac.uk:8443/public/nceo_geohazards/LiCSAR_products/5/005A_07021_131313/interferograms/20200101_20200113/",
        "ftp://gws-access.jasmin.ac.uk/20200101_20200113/",
        "file:///etc/20200101_20200113",
        "javascript:20200101_20200113",
        "http://[20200101_20200113/",
        "https://gws-access.jasmin.ac.uk:port/20200101_20200113/",
        "?20200101_20200113",
        "#20200101_20200113",
        "",
    ],
)
def test_folders_are_right_below_their_page(target: str) -> None:
    links = read_links(f'<a href="{target}">20200101_20200113</a>', PAGE)
    assert folders(links, PAGE, PAIR) == {}


@pytest.mark.parametrize(
    ("target", "hosts"),
    [
        ("http://gws-access.jasmin.ac.uk/x.tif", ()),  # from https to http
        ("https://other.example/x.tif", ()),
        ("https://user:pass@other.example/x.tif", ("gws-access.jasmin.ac.uk",)),
        ("https://other.example/x.tif/", ("other.example",)),
        ("https://other.example/?x.tif", ("other.example",)),
    ],
)
def test_files_that_are_not_followed(target: str, hosts: tuple[str, ...]) -> None:
    assert file(read_links(f"<a href='{target}'>x.tif</a>", PAGE), PAGE, "x.tif", hosts) is None


def test_any_text_is_read() -> None:
    for text in (
        "",
        "\x00\xff<a <a href",
        "<a href=>",
        "<a href='x",
        "<" * 1000,
        '<base href="http://evil/"><a href="20200101_20200113/">',
    ):
        links = read_links(text, PAGE)
        assert all(link.url.startswith(PAGE) for link in links)
        assert len(folders(links, PAGE, re.compile(r".*"))) <= 1
