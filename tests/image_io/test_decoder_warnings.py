from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.image_io.decoder_warnings import damage_warnings

PROGRAM = """
import sys
from pathlib import Path
from bokwon.image_io.decoder_warnings import damage_warnings, listen

listen()
for name in sys.argv[1:]:
    with Path(name).open("rb") as stream:
        print(*damage_warnings(name, stream), sep="|")
print("unheard", file=sys.stderr)
"""


def jpeg() -> bytes:
    noise = np.random.default_rng(2).integers(0, 256, (64, 64)).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, "JPEG")
    return stream.getvalue()


def heard(folder: Path, **files: bytes) -> list[str]:
    for name, data in files.items():
        (folder / name).write_bytes(data)
    command = [sys.executable, "-c", PROGRAM, *files]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_damaged_samples_are_heard_of_and_sound_ones_are_not(tmp_path: Path) -> None:
    data = jpeg()
    spoilt = bytearray(data)
    # A marker that stands nowhere in coded samples.
    spoilt[len(data) // 2 : len(data) // 2 + 2] = b"\xff\xc4"
    sound, damaged, other = heard(tmp_path, sound=data, damaged=bytes(spoilt), other=b"no image")
    assert (sound, other) == ("", "")
    assert damaged.startswith("damaged is damaged, though it can be read: ")
    assert damaged.endswith("; compare it with another copy")


@pytest.mark.parametrize("data", [jpeg(), jpeg()[:600]])
def test_nothing_is_heard_without_listening(data: bytes) -> None:
    assert damage_warnings("page", io.BytesIO(data)) == ()
