"""Fonts with visible glyphs for the characters of a script, from fontconfig or a folder."""

from __future__ import annotations

import shutil
import subprocess
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from bokwon.errors import ArgumentError, MissingDependencyError
from bokwon.synthesis.pages.glyphs import Glyph, advance, draw, load, render
from bokwon.utilities.listing import list_files

__all__ = ["FACES", "SCRIPTS", "Font", "find_fonts"]

_SUFFIXES = (".ttf", ".otf", ".ttc", ".otc")

#: Sample characters of every script; a font knows a script when it inks nearly all of them.
SCRIPTS: dict[str, tuple[str, ...]] = {
    "hanja": tuple("國人之大不書山月東學"),
    "hangul": tuple("가한글을의에서문다님"),
    # 아래아 and friends, composed of conjoining jamo: needs OpenType shaping.
    "old_hangul": ("\u1106\u119e", "\u1112\u119e\u11ab", "\u110a\u119e", "\u1103\u1172\u11bc"),
    "latin": tuple("AaegnoRstz"),
    "kana": tuple("あいうのはをカンスト"),
}

#: What letter forms look like, with the words in a font's name that tell it; `print` when nothing is known.
FACES: dict[str, tuple[str, ...]] = {
    "typescript": ("mono", "taza", "coding", "courier", "typewriter"),
    "brush": ("kouzan", "aoyagi", "brush", "gungseo"),
    "kai": ("kai", "楷"),
    "hand": ("pen", "pilgi", "hand", "script"),
    "sans": ("sans", "gothic", "dotum", "square", "graphic", "dinaru", "vada", "yetgul", "novel", "sora"),
    "print": (),
}

# Latin letters of East Asian fonts often follow another model than the rest of the font: half an em wide with
# slabs, as on a typewriter; or a printer's roman beside handwritten hangul.
_LATIN_FACES = {
    "typescript": ("uming", "hanamin", "babelstonehan"),
    "print": ("unpen.", "unpenheulim", "ungungseo", "barunpen"),
}

_DEBIAN = {
    "hanja": "fonts-arphic-uming fonts-arphic-bkai00mp fonts-hanazono",
    "hangul": "fonts-unfonts-core fonts-nanum",
    "old_hangul": "fonts-nanum-extra",
    "latin": "fonts-liberation fonts-dejavu-core",
    "kana": "fonts-hanazono fonts-kouzan-mouhitsu",
}
_TEST_SIZE = 32


@dataclass(frozen=True)
class Font:
    """One face of one font file.

    Attributes:
        path: The font file.
        index: Number of the face inside a collection.
        family: Family name in the font file.
        face: Letter form, one of `FACES`.
        latin_face: Letter form of its Latin letters.
        plain: Whether it is upright and of regular weight.
        scripts: The scripts of `SCRIPTS` for which the font has visible glyphs.
    """

    path: str
    index: int = 0
    family: str = ""
    face: str = "print"
    latin_face: str = "print"
    plain: bool = True
    scripts: frozenset[str] = frozenset()

    def inks(self, character: str) -> bool:
        """Return whether the font has a glyph for a character, not a blank, a dot or the missing-glyph box."""
        return _inks(self.path, self.index, character)

    def glyph(self, character: str, size: int, slant: float = 0.0) -> Glyph:
        """Draw one character.

        Args:
            character: One character, or one cluster of conjoining jamo.
            size: Em size in pixels, at least 1.
            slant: Slant to the right, as a tangent.

        Returns:
            Coverage `(h, w)`, cropped to the ink (0 x 0 if there is none), and the offset of its left and top edge from
            the pen position on the base line.
        """
        return draw(self.path, self.index, character, size, slant)

    def advance(self, character: str, size: int) -> float:
        """Return the advance width of a character, in pixels."""
        return advance(self.path, self.index, character, size)

    def body(self, script: str) -> float:
        """Return the ink height of a full character of a script, in ems. It differs much between fonts."""
        return _body(self.path, self.index, script)


def find_fonts(scripts: Iterable[str], exclude: Sequence[str] = (), folder: str | Path | None = None) -> list[Font]:
    """Find fonts that can write at least one of the scripts.

    Args:
        scripts: Names of `SCRIPTS`.
        exclude: Words. A font is not used if its path or family contains one of them, in upper or lower case.
        folder: Folder of fonts, with its subfolders; by default the fonts of fontconfig.

    Returns:
        The fonts, sorted by family and path.

    Raises:
        ArgumentError: A script is unknown.
        FileAccessError: `folder` is no folder.
        MissingDependencyError: No font is left, or `fc-list` is not installed.
    """
    wanted = frozenset(scripts)
    unknown = sorted(wanted - set(SCRIPTS))
    if unknown or not wanted:
        raise ArgumentError(
            f"unknown script {', '.join(unknown)}" if unknown else "no script given",
            f"choose from {', '.join(SCRIPTS)}",
        )
    words = [word.lower() for word in exclude if word]
    paths = list_files(Path(folder), "font files", suffixes=_SUFFIXES) if folder is not None else _list_system()
    fonts = (_examine(path, 0) for path in map(str, paths) if not any(word in path.lower() for word in words))
    found = [
        font
        for font in fonts
        if font is not None and font.scripts & wanted and not any(word in font.family.lower() for word in words)
    ]
    if not found:
        packages = " ".join(dict.fromkeys(" ".join(_DEBIAN[script] for script in sorted(wanted)).split()))
        where = f"in {folder}" if folder is not None else "on this system"
        raise MissingDependencyError(
            f"no font {where} draws {', '.join(sorted(wanted))}", f"install fonts: apt install {packages}"
        )
    return sorted(found, key=lambda font: (font.family, font.path, font.index))


@lru_cache(maxsize=1)
def _list_system() -> list[Path]:
    program = shutil.which("fc-list")
    if program is None:
        raise MissingDependencyError("fc-list is not installed", "apt install fontconfig, or name a folder of fonts")
    listing = subprocess.run([program, "--format", "%{file}\n"], capture_output=True, text=True, check=False).stdout
    paths = {line for line in listing.splitlines() if line.lower().endswith(_SUFFIXES)}
    # The same file may be linked under a second name.
    return sorted({Path(path).resolve() for path in paths})


@lru_cache(maxsize=1024)
def _examine(path: str, index: int) -> Font | None:
    try:
        family, style = load(path, index, _TEST_SIZE).getname()
    except OSError:
        return None
    scripts = frozenset(
        script
        for script, samples in SCRIPTS.items()
        if sum(_inks(path, index, sample) for sample in samples) >= 0.9 * len(samples)
    )
    name = f"{family} {style} {Path(path).stem}.".lower()
    face = next((face for face, words in FACES.items() if any(word in name for word in words)), "print")
    latin = next((face for face, words in _LATIN_FACES.items() if any(word in name for word in words)), face)
    cut = f"{style} {Path(path).stem}".lower()
    plain = not any(
        word in cut for word in ("bold", "oblique", "italic", "bd", "heavy", "black", "condensed", "narrow")
    )
    return Font(path, index, family or Path(path).stem, face, latin, plain, scripts)


@lru_cache(maxsize=1024)
def _missing(path: str, index: int) -> bytes:
    # A code point that no font may fill: what comes back is the missing-glyph box.
    image, _, _ = render(path, index, "\uffff", _TEST_SIZE)
    return image.tobytes()


@lru_cache(maxsize=65536)
def _inks(path: str, index: int, character: str) -> bool:
    if not character or character.isspace():
        return False
    try:
        image, _, _ = render(path, index, character, _TEST_SIZE)
    except OSError:
        return False
    if not image.size or image.tobytes() == _missing(path, index):
        return False
    if len(character) > 1:
        if any(render(path, index, part, _TEST_SIZE)[0].tobytes() == _missing(path, index) for part in character):
            return False
        # Unshaped jamo stand side by side; a composed syllable is no wider than its em, nor a stunted one.
        narrow = image.shape[1] <= 1.1 * _TEST_SIZE and advance(path, index, character, _TEST_SIZE) <= 1.2 * _TEST_SIZE
        return narrow and image.shape[0] >= 0.55 * _TEST_SIZE
    if unicodedata.category(character)[0] in "PS":
        return True
    return bool(max(image.shape) >= 0.25 * _TEST_SIZE)


@lru_cache(maxsize=1024)
def _body(path: str, index: int, script: str) -> float:
    heights = [render(path, index, sample, 64)[0].shape[0] for sample in SCRIPTS[script]]
    return max(float(np.median(heights)) / 64, 0.1)
