"""Standard streams of every kind: short, non-blocking, closed, full, or without a reader."""

from __future__ import annotations

import array
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bokwon.errors import FileAccessError, OutputExistsError
from bokwon.utilities import streams
from bokwon.utilities.streams import _Descriptor

pytestmark = pytest.mark.skipif(os.name != "posix", reason="descriptors of POSIX")

DATA = bytes(range(256)) * 1200
"""More than any pipe takes at once."""


class Pipe:
    """A pipe, whose ends close once."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        self._open = {self.reading, self.writing}

    def close(self, *ends: int) -> None:
        for end in ends or tuple(self._open):
            self._open.discard(end)
            os.close(end)

    def read_to_end(self) -> bytes:
        received = bytearray()
        while piece := os.read(self.reading, 5000):
            received += piece
        return bytes(received)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    made.close()


@pytest.mark.parametrize("blocking", [True, False])
@pytest.mark.parametrize("role", ["carried", "may be lost"])
def test_a_slow_reader_gets_every_byte(pipe: Pipe, blocking: bool, role: streams._Role) -> None:
    os.set_blocking(pipe.writing, blocking)
    with ThreadPoolExecutor(1) as other:
        received = other.submit(pipe.read_to_end)
        assert _Descriptor(pipe.writing, role).write(DATA) == len(DATA)
        pipe.close(pipe.writing)
        assert received.result() == DATA


def test_short_writes_are_taken_up_where_they_ended(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_LONGEST_WRITE", 3)
    assert _Descriptor(pipe.writing, "carried").write(b"0123456789") == 10
    pipe.close(pipe.writing)
    assert pipe.read_to_end() == b"0123456789"


def test_what_is_written_is_counted_in_bytes(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_LONGEST_WRITE", 2)
    values = array.array("H", [1, 2, 3])
    assert _Descriptor(pipe.writing, "carried").write(values) == 6
    assert os.read(pipe.reading, 100) == values.tobytes()


def test_a_slow_writer_is_waited_for(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    os.set_blocking(pipe.reading, False)
    waited = []

    def wait(reading: list[int], *_: object) -> None:
        waited.append(reading)
        os.write(pipe.writing, b"late")

    monkeypatch.setattr(streams.select, "select", wait)
    buffer = bytearray(10)
    assert _Descriptor(pipe.reading, "carried").readinto(buffer) == 4
    assert buffer[:4] == b"late"
    assert waited == [[pipe.reading]]
    pipe.close(pipe.writing)
    assert _Descriptor(pipe.reading, "carried").readinto(buffer) == 0


def test_a_reader_that_has_gone_is_told_or_lost(pipe: Pipe) -> None:
    pipe.close(pipe.reading)
    with pytest.raises(BrokenPipeError):
        _Descriptor(pipe.writing, "carried").write(b"data")
    assert _Descriptor(pipe.writing, "may be lost").write(b"data") == 4


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is a device of Linux")
def test_a_full_device_is_told_or_lost() -> None:
    with Path("/dev/full").open("wb", buffering=0) as full:
        with pytest.raises(FileAccessError, match="cannot write to standard output: No space left on device; check"):
            _Descriptor(full.fileno(), "carried").write(b"data")
        assert _Descriptor(full.fileno(), "may be lost").write(b"data") == 4


def test_a_closed_stream_is_an_error_that_names_it() -> None:
    with pytest.raises(FileAccessError, match="standard input is closed; name a file for INPUT and MASK"):
        _Descriptor(0, "closed").readinto(bytearray(1))
    with pytest.raises(FileAccessError, match="standard output is closed; name an output file"):
        _Descriptor(1, "closed").write(b"data")


def test_only_an_open_terminal_is_one(pipe: Pipe) -> None:
    ends = os.openpty()
    try:
        assert _Descriptor(ends[1], "carried").isatty()
        assert not _Descriptor(ends[1], "closed").isatty()
        assert not _Descriptor(pipe.writing, "carried").isatty()
    finally:
        for end in ends:
            os.close(end)


def test_the_descriptor_outlives_what_writes_to_it(pipe: Pipe) -> None:
    _Descriptor(pipe.writing, "carried").close()
    assert os.write(pipe.writing, b"data") == 4


def test_a_closed_descriptor_is_kept_from_files_that_are_opened_later(pipe: Pipe) -> None:
    assert not streams._occupy(pipe.writing)
    os.close(pipe.writing)
    assert streams._occupy(pipe.writing)
    assert os.path.samestat(os.fstat(pipe.writing), Path(os.devnull).stat())
    assert pipe.read_to_end() == b""


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
def test_no_file_takes_the_place_of_a_closed_stream(closed: tuple[int, ...], tmp_path: Path) -> None:
    program = """
import sys
from bokwon.utilities.streams import prepare_standard_streams

prepare_standard_streams()
with open(sys.argv[1], "wb") as file:
    print("a message", file=sys.stderr)
    file.write(b"picture")
    file.flush()
    sys.exit(file.fileno())
"""

    def close() -> None:
        for number in closed:
            os.close(number)

    picture = tmp_path / "picture"
    done = subprocess.run([sys.executable, "-c", program, picture], preexec_fn=close, check=False)
    assert done.returncode > 2
    assert picture.read_bytes() == b"picture"


def test_messages_show_what_their_encoding_lacks_line_by_line() -> None:
    error = streams._text(_Descriptor(2, "may be lost"), None)
    assert (error.encoding, error.errors, error.line_buffering) == ("utf-8", "backslashreplace", True)
    output = streams._text(_Descriptor(1, "closed"), None)
    assert (output.errors, output.line_buffering) == ("strict", False)


def test_the_streams_of_a_host_program_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    own = {name: io.TextIOWrapper(io.BytesIO(b"given")) for name in ("stdin", "stdout", "stderr")}
    for name, stream in own.items():
        monkeypatch.setattr(sys, name, stream)
    streams.prepare_standard_streams()
    assert {name: getattr(sys, name) for name in own} == own
    assert not streams.move_standard_error()
    assert streams.read_standard_input() == b"given"
    streams.write_standard_output(memoryview(b"picture"))
    assert own["stdout"].buffer.getvalue() == b"picture"  # type: ignore[attr-defined]


def test_an_output_is_a_file_or_standard_output(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", own)
    for target in (None, tmp_path / "picture.png"):
        with streams.open_output(target) as stream:
            stream.write(b"picture")
    assert own.buffer.getvalue() == b"picture"  # type: ignore[attr-defined]
    assert (tmp_path / "picture.png").read_bytes() == b"picture"
    with pytest.raises(OutputExistsError), streams.open_output(tmp_path / "picture.png", overwrite=False):
        pass


def test_after_an_error_standard_output_gets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    own = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", own)

    def write_half() -> None:
        with streams.open_output(None) as stream:
            stream.write(b"half")
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        write_half()
    assert own.buffer.getvalue() == b""  # type: ignore[attr-defined]


def test_without_streams_reading_and_writing_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stdin", "stdout"):
        monkeypatch.setattr(sys, name, None)
    with pytest.raises(FileAccessError, match="standard input is closed; name a file"):
        streams.read_standard_input()
    with pytest.raises(FileAccessError, match="standard output is closed; name an output file"):
        streams.write_standard_output(b"picture")


def test_an_input_that_cannot_be_read_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with (tmp_path / "only-written").open("wb") as file:
        broken = io.TextIOWrapper(io.BufferedReader(_Descriptor(0, "carried")))
        monkeypatch.setattr(broken.buffer.raw, "number", file.fileno())  # type: ignore[attr-defined]
        monkeypatch.setattr(sys, "stdin", broken)
        with pytest.raises(FileAccessError, match="cannot read standard input: Bad file descriptor; name a file"):
            streams.read_standard_input()
