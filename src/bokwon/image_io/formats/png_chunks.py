"""The chunks of a PNG file: those that samples are decoded from, and those beside them (PNG, third edition)."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from typing import BinaryIO

__all__ = ["SIGNATURE", "PngFile", "Spans", "inflate", "read_chunks", "text_of"]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_OF_SAMPLES = (b"IHDR", b"PLTE", b"IDAT", b"IEND")
_END = struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
_PALETTE = 3
_BLOCK = 1 << 20
_LARGEST_TEXT = 64 * 2**20
"""Largest size of an unpacked colour profile or text, bytes. More is treated as an attack."""
_PADDING = b"\0\r\n "


@dataclass(frozen=True)
class PngFile:
    """What a PNG file says beside its samples.

    Attributes:
        size: Width and height.
        depth: Bits a sample.
        colour_type: 0 gray, 2 RGB, 3 palette, 4 gray and alpha, 6 RGBA.
        ancillary: Name and data of the chunks beside the samples that are whole, in file order.
        spoilt: Names of those that are not: a wrong checksum, or cut off.
        spans: Where in the file that lies which samples are decoded from: beginnings and ends, bytes.
        frames: How many pictures it holds.
        behind: Bytes behind the picture.
        missing: Bytes that the file ends before the checksum of its last chunk does, 0 to 4.
        ended: Whether it has its last chunk.
        sound: Whether the checksums of all chunks of samples are right.
        strange: Name of a chunk that no decoder may pass over, and that is not known here; empty for none.
    """

    size: tuple[int, int]
    depth: int
    colour_type: int
    ancillary: tuple[tuple[bytes, bytes], ...]
    spoilt: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    frames: int
    behind: int
    missing: int
    ended: bool
    sound: bool
    strange: str


def read_chunks(stream: BinaryIO) -> PngFile | None:
    """Read the chunks of a PNG file. Return None if it does not begin like one.

    Args:
        stream: The file, seekable.
    """
    whole = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    head = stream.read(33)
    if len(head) < 33 or not head.startswith(SIGNATURE) or head[12:16] != b"IHDR":
        return None
    width, height, depth, colour_type = struct.unpack(">IIBB", head[16:26])
    spans, ancillary, spoilt = [(0, len(SIGNATURE))], [], []
    frames, pictures, ended, sound, strange = 1, 0, False, True, ""
    place = len(SIGNATURE)
    while place + 8 <= whole and not ended:
        stream.seek(place)
        length, name = struct.unpack(">I4s", stream.read(8))
        if not name.isalpha():
            break
        end = place + 12 + length
        if name in _OF_SAMPLES:
            sound &= end <= whole and _is_right(stream, name, length)
            ended = name == b"IEND"
            if not ended:
                spans.append((place, min(end, whole)))
        elif name[:1].isupper():
            strange = strange or name.decode()
        elif name in (b"fdAT", b"fcTL"):
            pictures += name == b"fcTL"
        elif end <= whole:
            data, check = stream.read(length), stream.read(4)
            if zlib.crc32(name + data) != int.from_bytes(check, "big"):
                spoilt.append(name.decode())
            elif name == b"tRNS" and colour_type == _PALETTE:
                spans.append((place, end))
            else:
                ancillary.append((name, data))
                if name == b"acTL" and length == 8:
                    (frames,) = struct.unpack(">I", data[:4])
        else:
            spoilt.append(name.decode())
        place = end
    stream.seek(min(place, whole))
    behind = _bytes_behind(stream) if ended else 0
    # The first picture may be no part of the animation.
    frames = max(min(frames, pictures), 1) if pictures else 1
    return PngFile(
        (width, height),
        depth,
        colour_type,
        tuple(ancillary),
        tuple(dict.fromkeys(spoilt)),
        tuple(spans),
        frames,
        behind,
        max(place - whole, 0) if place - whole <= 4 else 0,
        ended,
        sound,
        strange,
    )


def _is_right(stream: BinaryIO, name: bytes, length: int) -> bool:
    check = zlib.crc32(name)
    while length:
        data = stream.read(min(length, _BLOCK))
        if not data:
            return False
        check = zlib.crc32(data, check)
        length -= len(data)
    return check == int.from_bytes(stream.read(4), "big")


def _bytes_behind(stream: BinaryIO) -> int:
    """Return how many bytes are left in a file, without zeros, spaces and ends of lines at its end."""
    count = last = 0
    while data := stream.read(_BLOCK):
        if kept := data.rstrip(_PADDING):
            last = count + len(kept)
        count += len(data)
    return last


class Spans(io.RawIOBase):
    """Parts of a file, one behind the other, and the chunk that ends a PNG: a file to read from.

    Args:
        stream: The file, seekable.
        spans: Beginnings and ends, bytes.
        missing: How many bytes of a checksum to make up behind the last one.
    """

    def __init__(self, stream: BinaryIO, spans: tuple[tuple[int, int], ...], missing: int = 0) -> None:
        super().__init__()
        self._stream, self._spans = stream, spans
        self._end = bytes(missing) + _END
        self._place = 0
        self._size = sum(stop - start for start, stop in spans) + len(self._end)

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the place, bytes."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the place; see `io.IOBase.seek`."""
        self._place = max(offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence], 0)
        return self._place

    def read(self, size: int = -1) -> bytes:
        """Read as many bytes, or all that are left."""
        left = self._size - self._place if size < 0 else size
        parts, begin = [], 0
        for start, stop in self._spans:
            at = self._place - begin
            if left and at < stop - start:
                self._stream.seek(start + at)
                parts.append(self._stream.read(min(left, stop - start - at)))
                self._place += len(parts[-1])
                left -= len(parts[-1])
            begin += stop - start
        if left and self._place >= begin:
            parts.append(self._end[self._place - begin :][:left])
            self._place += len(parts[-1])
        return b"".join(parts)


def inflate(data: bytes) -> bytes:
    """Unpack compressed text or a profile.

    Raises:
        ValueError: It is damaged, or larger than any text.
    """
    try:
        unpacker = zlib.decompressobj()
        out = unpacker.decompress(data, _LARGEST_TEXT)
    except zlib.error as error:
        raise ValueError("its compressed text is damaged") from error
    if unpacker.unconsumed_tail:
        raise ValueError("its compressed text is too long")
    return out


def text_of(data: bytes) -> bytes:
    """Return the text of an iTXt chunk.

    Raises:
        ValueError: It is damaged.
    """
    _, rest = data.split(b"\0", 1)
    compressed, rest = rest[:1] == b"\1", rest[2:]
    _, _, text = rest.split(b"\0", 2)
    return inflate(text) if compressed else text
