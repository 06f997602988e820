"""Messages in the language of the user. The code and all files that programs read stay in English.

Messages are translated where they are shown, and not where they arise: they come from worker processes, from reports of
earlier runs and from libraries, and a server answers each user in another language. So the English text is looked up in
a catalogue (`locales/ko.po`) of texts with placeholders. What stood in a placeholder is looked up in turn.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path

__all__ = ["ENGLISH", "LANGUAGES", "LOCALES", "Text", "language", "read_catalogue", "told", "translate"]

ENGLISH = "en"
LANGUAGES = (ENGLISH, "ko")
"""English, and those that have a catalogue."""
LOCALES = Path(__file__).parents[1] / "locales"
"""Folder of the catalogues."""

_FIELD = re.compile(r"((?:\{[^{}]*\})+)")
"""Placeholders; those without text between them count as one."""
_BEFORE = re.compile(r"[;,:]?\s*")
"""What a part of a sentence begins with, and what catalogues leave out."""
_JOINTS = {"; ": "; ", ": ": ": ", " (": " (", ", or ": ", 또는 ", ", ": ", ", " or ": " 또는 "}
"""What joins texts that are translated one by one, and what joins their translations."""
_MOST_JOINTS = 24
"""A text is not split where it has more joints: the time grows with the square of their number."""
_LONGEST = 4000
"""Longer texts, in characters, are not split either."""
_DEEPEST = 8
"""Texts within texts within texts are translated down to this depth."""
_WORD = re.compile(r"(?<![\w/.-])[a-z]{2,}(?:/s)?(?![\w/.-])")
"""An English word."""
_GENERAL = 8
"""A text with fewer letters around its placeholders fits almost anything, so joints are looked for first."""
_VERBATIM = re.compile(
    r"(?:^|_)(?:path|target|folder|output|outputs|inputs|file|record|final|out|text|part|stem|parent|here|filename)$"
)
"""Names of placeholders in which names of files stand, and never messages."""
_TYPED = re.compile("KINDS|by_name|choices|numbers|offered")
"""Names of placeholders in which words stand that the user may type."""
_WORD_OF_A_NAME = re.compile(r"(?:^|_)(?:name|title|image|mask|source)$")
"""Names of placeholders in which a single word is the name of a file."""
_NUMBER = re.compile(r"number|per_second|[xy]\d")
"""Names of placeholders in which a number stands."""
_DIGITS = re.compile(r"[\d,.]+")
"""A number."""
_COUNTED = "counted"
"""Name of placeholders in which a number stands before words."""
_SEPARATORS = (": ", "; ")
"""What separates sentences."""
_WORDS_OF_A_FILE = 100
"""This many English words in names of files count as one word without a translation."""
_FILE = re.compile(r"\.\w{1,5}$")
"""How the name of a file ends."""
_ROLE = re.compile(r"(?:the )?(?:mask|class map)\b|(?:loading|filling with) the model\b")
"""How a text begins that says what a file is for, before its name."""


@dataclass(frozen=True)
class Text:
    """A text of a catalogue.

    Attributes:
        english: The text, with placeholders such as `{name}`.
        translation: Its translation, with the same placeholders.
    """

    english: str
    translation: str

    @cached_property
    def fields(self) -> list[str]:
        """Placeholders in order, without braces where one stands alone."""
        return [field[1:-1] if field.count("{") == 1 else field for field in _FIELD.split(self.english)[1::2]]

    @cached_property
    def literal(self) -> list[str]:
        """The text around the placeholders."""
        return _FIELD.split(self.english)[::2]

    @cached_property
    def weight(self) -> tuple[int, int]:
        """Number of letters around the placeholders, and of characters: texts with more are more particular."""
        around = "".join(self.literal)
        return sum(map(str.isalpha, around)), len(around)

    @cached_property
    def is_particular(self) -> bool:
        """Whether messages of other texts rarely fit it: it has many letters around placeholders, or a separator."""
        return self.weight[0] >= _GENERAL or any(joint in part for joint in _SEPARATORS for part in self.literal)

    @cached_property
    def longest(self) -> str:
        """The longest of the texts around the placeholders."""
        return max(self.literal, key=len)

    @cached_property
    def _may_be_sentences(self) -> list[bool]:
        """For each placeholder, whether its value may hold several sentences."""
        found = []
        for number, field in enumerate(self.fields):
            before, after = self.literal[number], self.literal[number + 1]
            last = number == len(self.fields) - 1 and not after and before.endswith(_SEPARATORS)
            found.append(last or "{" in field or re.search(r"[\w)]$", before) is not None)
        return found

    @cached_property
    def _begin_with_digits(self) -> list[bool]:
        return [field == _COUNTED or _NUMBER.fullmatch(field) is not None for field in self.fields]

    def values(self, text: str, *, strict: bool) -> list[str] | None:
        """Return what stands in the placeholders of a text that was made from this one; None if it was not.

        Each value ends where the text behind its placeholder comes first, so the time is linear whatever names hold.

        Args:
            text: The text.
            strict: Refuse values that hold several sentences, unless the placeholder may stand for some.
        """
        first, *between, last = self.literal
        start, end = len(first), len(text) - len(last)
        if start > end or not (text.startswith(first) and text.endswith(last)):
            return None
        found = []
        for number, part in enumerate([*between, ""]):
            stop = text.find(part, start, end) if part else end
            while stop >= 0 and part and self._begin_with_digits[number + 1]:
                if text[stop + len(part) : end][:1].isdecimal():
                    break
                stop = text.find(part, stop + 1, end)
            if stop < 0 or not self._fits(number, text[start:stop], text[stop : stop + 1], strict):
                return None
            found.append(text[start:stop])
            start = stop + len(part)
        return found

    def _fits(self, number: int, value: str, following: str, strict: bool) -> bool:
        field = self.fields[number]
        if _NUMBER.fullmatch(field):
            return _DIGITS.fullmatch(value) is not None
        if field == _COUNTED:
            return value[:1].isdecimal()
        if not strict or self._may_be_sentences[number]:
            return True
        return not any(joint in value + following for joint in _SEPARATORS)

    def filled(self, values: list[str]) -> str:
        """Return the translation with values in its placeholders."""
        waiting: dict[str, list[str]] = {}
        for field, value in zip(_FIELD.findall(self.english), values, strict=True):
            waiting.setdefault(field, []).append(value)
        return _FIELD.sub(lambda field: waiting[field[0]].pop(0), self.translation)


def language() -> str:
    """Return the language in which to speak to the user: one of `LANGUAGES`.

    BOKWON_LANG decides. Without it `LANG` does, if standard output and standard error are both a terminal: what scripts
    read stays in English.
    """
    wanted = os.environ.get("BOKWON_LANG")
    if not wanted and all(stream is not None and stream.isatty() for stream in (sys.stdout, sys.stderr)):
        wanted = os.environ.get("LANG")
    wanted = (wanted or ENGLISH)[:2].lower()
    return wanted if wanted in LANGUAGES else ENGLISH


def translate(text: str, to: str | None = None) -> str:
    """Return a message in another language. What has no translation stays in English.

    Args:
        text: The message in English.
        to: One of `LANGUAGES`; that of the user by default.
    """
    to = to or language()
    return str(text) if to == ENGLISH else _translate(str(text), to, 0)[0]


def told(error: Exception, to: str | None = None) -> str:
    """Return an error as one line: what is wrong, and what to do about it."""
    message, fix = getattr(error, "message", None), getattr(error, "fix", None)
    if message is None or fix is None:
        return translate(str(error), to)
    return " ".join("; ".join(translate(part, to) for part in (message, fix) if part).split())


def read_catalogue(path: Path) -> dict[str, str]:
    """Read the texts of a .po file, as Babel writes it, and their translations."""
    found: dict[str, str] = {}
    parts: list[str] = []
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        if line.startswith(("msgid ", "msgstr ")):
            parts.append("")
        if line.startswith(("msgid ", "msgstr ", '"')):
            parts[-1] += json.loads(line[line.index('"') :])
        elif len(parts) == 2:
            found[parts[0]] = parts[1]
            parts = []
    found.pop("", None)
    return found


@cache
def _catalogue(to: str) -> tuple[dict[str, str], list[Text], list[Text]]:
    """Return the texts of a language without placeholders, the particular ones with some, and the general ones."""
    texts = [Text(*item) for item in read_catalogue(LOCALES / f"{to}.po").items() if item[1]]
    plain = {text.english: text.translation for text in texts if not text.fields}
    others = sorted((text for text in texts if text.fields), key=lambda text: text.weight, reverse=True)
    particular = [text for text in others if text.is_particular]
    return plain, particular, [text for text in others if not text.is_particular]


@lru_cache(maxsize=4096)
def _translate(text: str, to: str, depth: int) -> tuple[str, float]:
    """Return a translation, and how many English words are left in it.

    A text can be read in several ways, as parts of sentences stand in others: the way that leaves fewest words counts.
    """
    start = _BEFORE.match(text).end()  # type: ignore[union-attr]
    inner = text[start:].rstrip()
    before, after = text[:start], text[start + len(inner) :]
    best: tuple[str, float] = inner, _english_words(inner)
    for found in _readings(inner, to, depth) if depth < _DEEPEST else ():
        if found[1] < best[1] or (best[0] == inner and found[1] == best[1]):
            best = found
        if best[1] < 1:
            break
    return before + best[0] + after, best[1]


def _english_words(text: str) -> int:
    return len(_WORD.findall(text)) if " " in text else 0


def _readings(text: str, to: str, depth: int) -> Iterator[tuple[str, float]]:
    """Yield translations of a text with the number of English words that are left, the likelier ones first."""
    plain, particular, general = _catalogue(to)
    if text in plain:
        yield plain[text], 0
        return
    yield from _by_templates(particular, text, to, depth, strict=True)
    if _english_words(text) and len(text) <= _LONGEST:
        yield from _in_parts(text, to, depth)
    yield from _by_templates(particular, text, to, depth, strict=False)
    yield from _by_templates(general, text, to, depth, strict=True)


def _by_templates(
    templates: list[Text], text: str, to: str, depth: int, *, strict: bool
) -> Iterator[tuple[str, float]]:
    for template in templates:
        values = template.values(text, strict=strict) if template.longest in text else None
        if values is not None:
            found = [_value(*pair, to, depth + 1) for pair in zip(template.fields, values, strict=True)]
            yield template.filled([value for value, _ in found]), sum(left for _, left in found)


def _in_parts(text: str, to: str, depth: int) -> Iterator[tuple[str, float]]:
    """Yield translations of a text that joins two others, for each place where it may be split."""
    room = _MOST_JOINTS
    for joint, translated in _JOINTS.items():
        if text.count(joint) > room:
            continue
        room -= text.count(joint)
        place = text.find(joint)
        while place >= 0:
            first, second = text[:place], text[place + len(joint) :]
            end = ")" if joint == " (" and second.endswith(")") else ""
            is_name = joint == ": " and _is_file(first) and not any(other in first for other in _JOINTS)
            before, left = _name(first) if is_name else _part(first, to, depth)
            after, also = _part(second.removesuffix(end), to, depth)
            if joint == translated or left + also < 1:
                yield before + translated + after + end, left + also
            place = text.find(joint, place + 1)


def _part(text: str, to: str, depth: int) -> tuple[str, float]:
    """Translate a part of a text; a single word may be a name."""
    return _translate(text, to, depth) if " " in text else (text, len(_WORD.findall(text)))


def _name(text: str) -> tuple[str, float]:
    """Return a name as it is. English words may well stand in the name of a file: they count little."""
    return text, _english_words(text) / (_WORDS_OF_A_FILE if _FILE.search(text) else 1)


def _is_file(text: str) -> bool:
    """Return whether a text is the name of a file, and nothing that tells what the file is for."""
    return _FILE.search(text) is not None and not _ROLE.match(text)


def _value(field: str, value: str, to: str, depth: int) -> tuple[str, float]:
    """Translate what stood in a placeholder, unless it is a name."""
    if _TYPED.fullmatch(field):
        return value, 0
    is_path = _VERBATIM.search(field) is not None
    if is_path and " " in value and value in _catalogue(to)[0]:
        # Standard output in the place of a file.
        return _catalogue(to)[0][value], 0
    if is_path:
        return _name(value)
    if _WORD_OF_A_NAME.search(field) and (_is_file(value) or " " not in value.strip()):
        return _name(value)
    return _translate(value, to, depth)
