from __future__ import annotations

import io
import os
import threading
import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
from PIL import Image, PngImagePlugin, UnidentifiedImageError

from bokwon.errors import ArgumentError, FileAccessError, InputFileError, MemoryLimitError
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.page import Page
from bokwon.image_io.source import Source, damaged, decode_source

LIMITS = Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK
PAGE = Page(np.zeros((2, 3), np.uint8), "L", "PNG", Metadata(), warnings=("page is old",))


def test_a_source_is_a_file_that_exists(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError, match="does not exist"):
        Source.of(tmp_path / "none.png")
    with pytest.raises(FileAccessError, match="is a folder"):
        Source.of(tmp_path)
    with pytest.raises(FileAccessError, match=r"does not exist|cannot be read"):
        Source.of(tmp_path / ("a" * 5000))


def test_a_named_pipe_is_read_once_and_a_device_is_not(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"samples",))
    writer.start()
    source = Source.of(pipe)
    writer.join()
    assert source.open().read() == source.open().read() == b"samples"
    with pytest.raises(FileAccessError, match="is a device"):
        Source.of(Path(os.devnull))


def test_a_file_that_vanishes_is_a_file_access_error(tmp_path: Path) -> None:
    path = tmp_path / "page.png"
    path.write_bytes(b"samples")
    source = Source.of(path)
    copy = io.BytesIO()
    source.copy_to(copy)
    assert copy.getvalue() == b"samples"
    path.unlink()
    with pytest.raises(FileAccessError, match="cannot be read"):
        source.open()


def decoded(error: Exception | None, data: bytes = b"\x89PNG and more") -> Page:
    def decode(name: str, stream: BinaryIO, max_pixels: int) -> Page:
        assert (name, stream.read(), max_pixels) == ("page", data, 7)
        # Limits of the whole process are nobody's here: other threads read with limits of their own.
        assert (Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK) == LIMITS
        if error is not None:
            raise error
        warnings.warn("odd tags", stacklevel=1)
        return PAGE

    return decode_source(Source("page", data=data), decode, max_pixels=7)


def test_warnings_of_decoders_become_the_page_s() -> None:
    assert decoded(None).warnings == ("page is old", "page: odd tags")


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (ArgumentError("no such page"), ArgumentError, "no such page"),
        (UnidentifiedImageError(), InputFileError, "page is damaged: its header is cut off or broken"),
        (
            UnidentifiedImageError("chunk b'IHDR' is cut"),
            InputFileError,
            r"header is cut off or broken \(chunk is cut\)",
        ),
        (MemoryError(), MemoryLimitError, "page needs more memory than there is; .*--tile, -j or --threads"),
        (RuntimeError("std::bad_alloc"), MemoryLimitError, "page needs more memory than there is"),
        (SyntaxError("broken chunk"), InputFileError, "page is damaged: broken chunk"),
        (KeyError(), InputFileError, "page is damaged: its parts do not fit together"),
        (
            ValueError("invalid literal for int() with base 10: '\\x00'"),
            InputFileError,
            "its parts do not fit together",
        ),
        (TypeError("'NoneType' object is not iterable"), InputFileError, "its parts do not fit together"),
        (ValueError("broken PNG file (chunk b'\\x00abc')"), InputFileError, r"broken PNG file \(chunk \)"),
    ],
)
def test_whatever_decoders_raise_becomes_one_of_our_errors(
    error: Exception, kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message) as caught:
        decoded(error)
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("data", "message"), [(b"", r"page is empty \(0 bytes\)"), (b"a letter", "page is not an image that bokwon reads")]
)
def test_what_no_decoder_knows_says_what_it_is(data: bytes, message: str) -> None:
    with pytest.raises(InputFileError, match=message):
        decoded(UnidentifiedImageError(), data)


def test_damage_says_what_to_do() -> None:
    assert str(damaged("page", ValueError("cut off"))) == (
        "page is damaged: cut off; get an undamaged copy, or open it in an image editor and save it anew"
    )


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (b"GIF89a", r"is a GIF, which bokwon does not read; save each of its pictures as a PNG"),
        (b"8BPS", "is a Photoshop document"),
        (b"FUJIFILMCCD-RAW 0201", "is a camera's raw file, which bokwon does not read; develop it first"),
        (b"\0\0\0\x18ftypcrx ", "is a camera's raw file"),
    ],
)
def test_kinds_that_are_often_tried_are_named_with_what_to_do(head: bytes, message: str) -> None:
    with pytest.raises(InputFileError, match=message):
        decoded(UnidentifiedImageError(), head)
