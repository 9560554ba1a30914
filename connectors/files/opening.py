"""Files opened for reading, unpacked by what they are and not by their name, and checked first; this room comes in."""

from __future__ import annotations

import lzma
import os
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol, cast

from isal import isal_zlib

from social_crm.domain.errors import Invalid, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Progress = Callable[[int, int], None]

_CHUNK = 1 << 20  # bytes unpacked at a time
_PIECE = 1 << 17  # packed bytes read at a time
_GZIP_WINDOW = 31  # zlib's number for gzip with the largest window
_DAMAGED: Any = (OSError, isal_zlib.error, lzma.LZMAError)  # isal has no types
_GZIP, _XZ = b"\x1f\x8b", b"\xfd7zXZ\x00"


class _Stream(Protocol):
    def read1(self, size: int, /) -> bytes: ...


class OpenFile:
    """A file under way. `packing` is gzip, xz or "". `done` of `total` bytes are read, as they lie on the disk."""

    def __init__(self, path: Path, raw: IO[bytes]) -> None:
        self.path = path
        self.total = os.fstat(raw.fileno()).st_size
        self._raw = raw
        head = raw.read(len(_XZ))
        raw.seek(0)
        self.packing = "gzip" if head.startswith(_GZIP) else "xz" if head == _XZ else ""
        self._stream = _unpacked(raw, self.packing)

    @property
    def done(self) -> int:
        """How many bytes of the file were read so far."""
        return self._raw.tell()

    def read(self) -> bytes:
        """The next piece, empty at the end. Raises Invalid with the line when the file is cut short or damaged."""
        try:
            return self._stream.read1(_CHUNK)
        except EOFError as error:
            raise Invalid(
                f"{self.path}: the {self.packing} file is cut short in line {self._last_line()}: copy or download it again"
            ) from error
        except _DAMAGED as error:
            raise Invalid(
                f"{self.path}: unreadable from line {self._last_line()} on ({error}): copy or download it again"
            ) from error

    def _last_line(self) -> int:
        """The number of the line in which reading stops; counted only now, since counting takes half of unpacking."""
        line = 1
        try:
            self._raw.seek(0)
            stream = _unpacked(self._raw, self.packing)
            while chunk := stream.read1(_CHUNK):
                line += chunk.count(b"\n")
        except (EOFError, *_DAMAGED):
            pass
        return line


class _Gzip:
    """Unpacks gzip, of several members too, with igzip: three times as quick as zlib."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._member: Any = None
        self._packed = b""

    def read1(self, size: int) -> bytes:
        """At most `size` bytes; nothing before a cut is lost. Raises EOFError at a cut."""
        while True:
            ended = not self._packed and not self._fill()
            if self._member is None or self._member.eof:
                self._packed = self._packed.lstrip(b"\0")  # some tools fill the last block up
                if ended:
                    return b""
                self._member = isal_zlib.decompressobj(wbits=_GZIP_WINDOW) if self._packed else self._member
                continue
            unpacked: bytes = self._member.decompress(self._packed, size)
            self._packed = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
            if unpacked:
                return unpacked
            if ended and not self._member.eof:
                raise EOFError

    def _fill(self) -> bool:
        self._packed = self._raw.read(_PIECE)
        return bool(self._packed)


def _unpacked(raw: IO[bytes], packing: str) -> _Stream:
    """A stream whose read1 gives what one read yields, so that nothing before a cut is lost."""
    if packing == "gzip":
        return _Gzip(raw)
    if packing == "xz":
        return lzma.LZMAFile(raw)
    return cast("_Stream", raw)  # a plain buffered file


@contextmanager
def opened(path: Path) -> Iterator[OpenFile]:
    """Open a file for reading. Raises NotFound when there is none, and Invalid when it is no readable file."""
    try:
        raw = path.open("rb")
    except FileNotFoundError as error:
        raise NotFound(f"{path}: no such file") from error
    except (OSError, ValueError) as error:
        raise Invalid(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    with raw:
        yield OpenFile(path, raw)


def existing(name: str) -> Path:
    """The path of a regular file. Raises NotFound when there is none, and Invalid when it is a folder or no plain file."""
    path = Path(name)
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        raise NotFound(f"{path}: no such file") from error
    except (OSError, ValueError) as error:
        raise Invalid(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    if stat.S_ISDIR(mode):
        raise Invalid(f"{path}: a folder: name one file")
    if not stat.S_ISREG(mode):
        raise Invalid(f"{path}: not a plain file: save it to one first, since it is read twice")
    return path


def verify(path: Path, progress: Progress) -> None:
    """Unpack a packed file once to its end, so that a cut or damaged one is told before anything of it is taken in.

    Costs about 0.2 s per 300 MB of gzip. `progress` is told (bytes read, bytes in all). Raises Invalid with the line.
    """
    with opened(path) as file:
        if file.packing:
            while file.read():
                progress(file.done, file.total)
