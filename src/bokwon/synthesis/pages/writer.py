"""The writer of a page: style, fonts, size, and the stream of characters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from bokwon.errors import MissingDependencyError
from bokwon.synthesis.pages.fonts import SCRIPTS, Font, find_fonts
from bokwon.synthesis.pages.styles import STYLES, Style, find_style
from bokwon.synthesis.pages.text import TextSource, script_of

__all__ = ["MARKS", "Hand", "Writer", "choose_hand", "write_stream"]

#: Punctuation that vertical writing sets small beside the column.
MARKS = frozenset("，。、；：.,")
_UPRIGHT = frozenset({"hanja", "hangul", "old_hangul", "kana"})


@dataclass(frozen=True)
class Hand:
    """A style with the fonts chosen for it.

    Attributes:
        style: The kind of page.
        fonts: Fonts by script, in the order in which they are tried.
        script: The script that sets the size.
        slant: How far letters lean to the right, as a tangent.
    """

    style: Style
    fonts: dict[str, tuple[Font, ...]]
    script: str
    slant: float = 0.0


@dataclass(frozen=True)
class Writer:
    """A writer in one size.

    Attributes:
        hand: Style and fonts.
        size: Height of a full character in pixels.
        source: The text.
    """

    hand: Hand
    size: float
    source: TextSource

    def find(self, character: str) -> Font | None:
        """Return the first font that inks this character, None when there is none."""
        script = script_of(character) or self.hand.script
        fonts = (*self.hand.fonts.get(script, ()), *self.hand.fonts[self.hand.script])
        return next((font for font in fonts if font.inks(character)), None)

    def em(self, font: Font, size: float, character: str) -> int:
        """Return the em size at which this font's characters of this script are `size` pixels high."""
        script = script_of(character) or self.hand.script
        # Syllables of jamo stand among modern ones, in their size; Latin letters are measured by their em.
        script = "hangul" if script == "old_hangul" else script
        if script == "latin" or script not in font.scripts:
            return max(4, round(size))
        return max(4, round(0.9 * size / font.body(script)))


def choose_hand(rng: np.random.Generator, name: str | None, fonts: Sequence[Font] | None) -> Hand:
    """Choose a style and its fonts.

    Args:
        rng: Random generator.
        name: The style; drawn among those that the fonts can write when None.
        fonts: The fonts to choose from; those of the system when None.

    Raises:
        ArgumentError: There is no style of this name.
        MissingDependencyError: No font can write the style.
    """
    available = _system_fonts() if fonts is None else tuple(fonts)
    known = frozenset[str]().union(*(font.scripts for font in available))
    if name is None:
        styles = [style for style in STYLES.values() if _can_write(style, known)]
        if not styles:
            raise MissingDependencyError("no font can write any page style", "give fonts, or install some")
        weights = np.array([style.weight for style in styles])
        style = styles[int(rng.choice(len(styles), p=weights / weights.sum()))]
    else:
        style = find_style(name)
        if not _can_write(style, known):
            needed = [script for script, _ in style.scripts]
            if fonts is None:
                # The error names the packages.
                find_fonts(needed)
            raise MissingDependencyError(
                f"no font given can write the style {name} ({', '.join(needed)})", "give fonts of that script"
            )
    shares = np.array([share if script in known else 0.0 for script, share in style.scripts])
    script = style.scripts[int(rng.choice(len(shares), p=shares / shares.sum()))][0]
    wanted = {script, "hanja"} | ({name for name, _ in style.scripts} if style.mixed else set())
    if script == "old_hangul":
        wanted.add("hangul")
    chosen = {
        one: _choose_fonts(rng, [font for font in available if one in font.scripts], style.faces, one)
        for one in sorted(wanted & known, key=lambda one: (one != script, one))
    }
    if script == "old_hangul" and rng.random() < 0.5:
        # One font for old and modern spelling. Otherwise two typefaces would be mixed.
        chosen["hangul"] = chosen[script]
    slant = round(float(np.clip(rng.normal(0.2, 0.2), -0.1, 0.6)), 1) if style.name == "latin_hand" else 0.0
    return Hand(style, chosen, script, slant)


def write_stream(rng: np.random.Generator, hand: Hand, source: TextSource) -> Iterator[str]:
    """Yield characters of the style's text without end, only those that suit the page's direction."""
    marked = rng.random() < hand.style.marks
    while True:
        piece = _mix(rng, hand.style, source) if hand.style.mixed else source.take(rng, hand.script, 500)
        for character in piece:
            # Columns take neither quotation marks nor Western letters and digits.
            known = character in MARKS if marked else False
            if not hand.style.vertical or known or script_of(character) in _UPRIGHT:
                yield character


def _mix(rng: np.random.Generator, style: Style, source: TextSource) -> list[str]:
    """Alternate the scripts, a few characters each, as in 國漢文."""
    pools = {name: [c for c in source.take(rng, name, 400) if script_of(c) == name] for name, _ in style.scripts}
    turns = {name: max(2, round(8 * share)) for name, share in style.scripts}
    found: list[str] = []
    while all(len(pool) > 8 for pool in pools.values()):
        for name, pool in pools.items():
            found += [pool.pop() for _ in range(int(rng.integers(1, turns[name] + 1)))]
    return found


@lru_cache(maxsize=1)
def _system_fonts() -> tuple[Font, ...]:
    return tuple(find_fonts(SCRIPTS))


def _can_write(style: Style, known: frozenset[str]) -> bool:
    scripts = [script in known for script, _ in style.scripts]
    return all(scripts) if style.mixed else any(scripts)


def _choose_fonts(rng: np.random.Generator, fonts: list[Font], faces: tuple[str, ...], script: str) -> tuple[Font, ...]:
    """Choose a font, and a second one of its kind for missing characters."""

    def face(font: Font) -> str:
        return font.latin_face if script == "latin" else font.face

    fitting = [font for font in fonts if face(font) in faces] or fonts
    # Families of many cuts would crowd out the others: first the family, then the cut.
    families: dict[str, list[Font]] = {}
    for font in fitting:
        families.setdefault(font.family.split()[0][:8], []).append(font)
    cuts = list(families.values())[int(rng.integers(len(families)))]
    weights = np.array([1.0 if font.plain else 0.15 for font in cuts])
    first = cuts[int(rng.choice(len(cuts), p=weights / weights.sum()))]
    rest = [font for font in fitting if font is not first and font.plain]
    return (first, rest[int(rng.integers(len(rest)))]) if rest else (first,)
