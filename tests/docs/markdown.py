"""Fenced code blocks of the docs, and the commands in them."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Block", "blocks_of", "commands_of"]

_FENCE = re.compile(
    r"(?:^ *<!-- not run: (?P<reason>[^\n]*?) -->\n)?^(?P<indent> *)```(?P<language>[^\n]*)\n(?P<text>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        file: The page it stands in.
        line: The line of its fence.
        language: `console`: lines that begin with $ are commands, the others what they print; `sh`: all are commands;
            `python`; `text` is nothing to run.
        reason: Why it is not run; None: it is.
        text: What stands in it.
    """

    file: Path
    line: int
    language: str
    reason: str | None
    text: str

    def __str__(self) -> str:
        return f"{self.file.name}:{self.line}"

    @property
    def script(self) -> str:
        """The commands as a shell reads them, without what they print."""
        if self.language != "console":
            return self.text
        lines, goes_on = [], False
        for line in self.text.splitlines():
            if line.startswith(("$ ", "# ")) or goes_on:
                lines.append(line if goes_on else line[2:])
                goes_on = line.endswith("\\")
        return "\n".join(lines) + "\n"


def blocks_of(file: Path) -> list[Block]:
    """Find all fenced blocks of a page."""
    text = file.read_text(encoding="utf-8")
    return [
        Block(
            file,
            text.count("\n", 0, match.start("language")) + 1,
            match["language"],
            match["reason"],
            "".join(line.removeprefix(match["indent"]) for line in match["text"].splitlines(keepends=True)),
        )
        for match in _FENCE.finditer(text)
    ]


def commands_of(script: str) -> list[list[str]]:
    """Split a script into commands and their arguments; variables that the script sets are put in, as words."""
    values: dict[str, str] = {}
    commands: list[list[str]] = []
    for line in script.replace("\\\n", " ").splitlines():
        for name, value in values.items():
            line = re.sub(rf"\${name}\b", lambda _, value=value: value, line)
        lexer = shlex.shlex(line, posix=True, punctuation_chars=";|&<>")
        lexer.commenters, lexer.whitespace_split = "#", True
        words: list[str] = []
        for token in [*lexer, ";"]:
            if set(token) <= set(";|&<>"):
                while words and (words[0] in ("do", "done", "for") or re.fullmatch(r"\w+=.*", words[0])):
                    first = words.pop(0)
                    if "=" in first:
                        values.update([first.split("=", 1)])
                    elif first == "for":
                        words = []
                if words:
                    commands.append(words)
                words = []
            else:
                words.append(token)
    return commands
