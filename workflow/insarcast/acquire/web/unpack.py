"""Unpack a zip: beside and renamed, nothing outside its folder, nothing that is not a plain file."""

from __future__ import annotations

import os
import shutil
import stat
import unicodedata
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath
from threading import Event
from typing import IO

from insarcast.core import InsarcastError

from .part import is_still, lock, sync_folder
from .settings import WebSettings
from .space import GB, Space

_BLOCK = 1 << 20
_MOST_SQUEEZED = 100  # products of images shrink to a third or so; whole archives of more than a GB never to a hundredth
_UNSUSPICIOUS = 1e9
_AGAIN = "delete it and run again: it is fetched anew"


class _Unsafe(Exception):
    """Why an archive is not unpacked."""


def unpack(archive: Path, into: Path, *, settings: WebSettings, advice: str = _AGAIN) -> Path:
    """Unpack an archive, unless that was done before.

    Everything is written to ``<into>/.part-<folder>`` and renamed when its last byte is on the disk, so a folder under its own
    name is whole. Then the archive is removed, unless ``settings.keep_archives``.

    Args:
        archive: the zip; it may be gone if its folder is there.
        into: where its folder goes.
        settings: space to spare, and whether archives are kept.
        advice: what to do about one that is broken.

    Returns:
        The folder: the only one at the archive's top, or one of the archive's name where it has files there.

    Raises:
        InsarcastError: it is no zip, broken, encrypted, does not fit on the disk, would grow beyond all measure, or holds names that
            lead outside, links, or one name twice.
    """
    try:
        with open(archive, "rb") as file:
            lock(file, Event())
            if is_still(file, archive):
                return _unpack(archive, file, into, settings)
    except _Unsafe as error:
        raise InsarcastError(f"{archive} is not unpacked: {error}; delete it and ask those who made it.") from None
    except FileNotFoundError:
        pass
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError) as error:
        raise InsarcastError(f"{archive} cannot be unpacked ({_why(error)}); {advice}.") from None
    folder = into / archive.stem
    if not folder.is_dir():
        raise InsarcastError(f"There is no archive {archive}, and no folder {folder}; fetch it again.")
    return folder  # unpacked before, or by another process while we waited


def _why(error: Exception) -> str:
    """What is wrong with an archive, where Python's words are none for a reader: whole names, escaped bytes, codes of a library."""
    if isinstance(error, zipfile.BadZipFile) and "header" in str(error) and "differ" in str(error):
        return "its list of files and what it holds disagree, so it is damaged"
    if isinstance(error, zlib.error):
        return "a file in it cannot be decompressed, so it is damaged"
    if isinstance(error, UnicodeDecodeError):
        return "a name in it cannot be read, so it is damaged"
    return str(error).rstrip(".")


def _unpack(archive: Path, file: IO[bytes], into: Path, settings: WebSettings) -> Path:
    with zipfile.ZipFile(file) as zipped:
        members = {_place(member): member for member in zipped.infolist() if not member.is_dir()}
        top = _check(zipped, members, archive)
        folder = into / (top or archive.stem)
        if not _is_there(folder, members, top):
            _extract(zipped, members, top, folder, settings)
    if not settings.keep_archives:
        archive.unlink()
    return folder


def _place(member: zipfile.ZipInfo) -> PurePosixPath:
    """A member's place below the folder.

    Raises:
        _Unsafe: it lies elsewhere, or is no plain file.
    """
    name = member.orig_filename
    windows = PureWindowsPath(name)  # takes both slashes, and knows drives
    if not windows.parts or windows.drive or windows.root or ".." in windows.parts or not name.isprintable():
        raise _Unsafe(f"its member {name!a} would lie outside the folder")
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind and not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
        raise _Unsafe(f"its member {name!a} is a link or a device")
    if member.flag_bits & 1:
        raise _Unsafe(f"its member {name!a} is encrypted")
    return PurePosixPath(*windows.parts)


def _check(zipped: zipfile.ZipFile, members: dict[PurePosixPath, zipfile.ZipInfo], archive: Path) -> str | None:
    """Judge all members together; the one folder at the top, if there is one and nothing else."""
    files = [member for member in zipped.infolist() if not member.is_dir()]
    for member in zipped.infolist():
        if member.is_dir():
            _place(member)
    if not files:
        raise _Unsafe("it holds no file")
    # One name twice, also where a disk takes two spellings for one (macOS, Windows), or a file where another needs a folder.
    names = {unicodedata.normalize("NFC", str(place)).casefold() for place in members}
    folders = {unicodedata.normalize("NFC", str(parent)).casefold() for place in members for parent in place.parents}
    if len(names) < len(files) or names & folders:
        raise _Unsafe("it holds one name twice")
    packed, size = sum(member.compress_size for member in files), archive.stat().st_size
    whole = sum(member.file_size for member in files)
    if packed > size or (whole > _UNSUSPICIOUS and whole > _MOST_SQUEEZED * size):
        raise _Unsafe(f"it would grow from {size / 1e6:.1f} MB to {whole / GB:.1f} GB, as no archive of images does")
    tops = {place.parts[0] for place in members}
    return tops.pop() if len(tops) == 1 and all(len(place.parts) > 1 for place in members) else None


def _is_there(folder: Path, members: dict[PurePosixPath, zipfile.ZipInfo], top: str | None) -> bool:
    """True if every member is there with its size."""
    places = ((folder.parent if top else folder) / place for place in members)
    return folder.is_dir() and all(
        path.is_file() and path.stat().st_size == member.file_size for path, member in zip(places, members.values(), strict=True)
    )


def _extract(
    zipped: zipfile.ZipFile,
    members: dict[PurePosixPath, zipfile.ZipInfo],
    top: str | None,
    folder: Path,
    settings: WebSettings,
) -> None:
    beside, old = (folder.with_name(f"{start}{folder.name}") for start in (".part-", ".old-"))
    folder.parent.mkdir(parents=True, exist_ok=True)
    for left in (beside, old):  # of a killed run
        shutil.rmtree(left, ignore_errors=True)
    Space(folder.parent, settings.spare_gb).check(sum(member.file_size for member in members.values()))
    beside.mkdir()
    try:
        _write(zipped, members, beside, 1 if top else 0)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    if folder.exists():
        folder.rename(old)  # an incomplete folder of the same name makes room
    beside.rename(folder)
    sync_folder(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def _write(zipped: zipfile.ZipFile, members: dict[PurePosixPath, zipfile.ZipInfo], beside: Path, without: int) -> None:
    """Write every member, less so many leading folders, and wait until the disk has it."""
    for place, member in members.items():
        target = beside.joinpath(*place.parts[without:])
        target.parent.mkdir(parents=True, exist_ok=True)
        with zipped.open(member) as source, open(target, "xb") as file:
            written = 0
            while block := source.read(_BLOCK):  # the CRC is compared with the last block
                written += len(block)
                if written > member.file_size:
                    raise _Unsafe(f"its member {member.filename!a} is larger than it says")
                file.write(block)
            if written != member.file_size:
                raise EOFError(f"its member {member.filename!a} ends too early")
            file.flush()
            os.fsync(file.fileno())
        sync_folder(target.parent)
