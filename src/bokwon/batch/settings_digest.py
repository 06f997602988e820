"""By which settings a file was restored: what `--resume` compares."""

from __future__ import annotations

from bokwon.batch.found_masks import detector_sha256
from bokwon.batch.job import Options
from bokwon.inpaint.restorer import Restorer
from bokwon.utilities.checksums import sha256_of
from bokwon.version import __version__

__all__ = ["settings_digest"]


def settings_digest(restorer: Restorer, options: Options, file_format: str | None) -> str:
    """Return a checksum of all settings that change the output. `--resume` compares it."""
    parts = (
        *(part for identity in restorer.identities() for part in identity),
        options.masks,
        options.pages,
        options.record,
        options.overlay,
        options.mark,
        options.find,
        None if options.find is None else detector_sha256(),
        file_format,
        __version__,
    )
    return sha256_of(repr(parts).encode())[:16]
