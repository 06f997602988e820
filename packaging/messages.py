"""Collects the texts that users of the command and of the page read, and brings the Korean catalogue up to date.

    python packaging/messages.py [--check]

Texts come from the help of the commands below, and from the strings of the packages that they run: a string counts as
text if it holds words with spaces between them. What stands in an f-string becomes a placeholder, and each branch of a
condition in it a text of its own. Translations that are there stay; new texts come without one. `--check` changes
nothing and fails if a text has no translation.
"""

from __future__ import annotations

import ast
import errno
import io
import os
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from bokwon.batch.journal import STATUSES
from bokwon.types import DETECTOR_CLASSES
from bokwon.utilities.translation import LOCALES, read_catalogue

ROOT = Path(__file__).parents[1] / "src" / "bokwon"
COMMANDS = ("restore", "open", "detect", "undo", "doctor", "record", "serve")
"""Commands whose whole help is translated; of the others only the first paragraph."""

_SOURCES = (
    *(f"cli/{name}.py" for name in ("console", "detect", "doctor", "main", "open", "options", "record", "undo")),
    *("cli/restore*.py", "cli/serve.py", "settings.py"),
    *(f"{room}/**/*.py" for room in ("batch", "iiif", "image_io", "inpaint", "detection", "provenance")),
    *(f"{room}/**/*.py" for room in ("serve", "utilities")),
)
_NOT_SHOWN = (
    # Both languages stand in the report.
    *("batch/treatment/html.py", "batch/treatment/report.py", "batch/treatment/words.py"),
    *("batch/treatment/decisions.py", "serve/folder/restoration/treatment.py"),
    "iiif/rights.py",
    # Another command's.
    "batch/data_pack.py",
    # What programs read: XML, JSON, OpenAPI, SQL; and a figure.
    *(f"provenance/forms/{name}.py" for name in ("alto", "iiif", "pagexml", "premis", "zones")),
    *("provenance/pdfa.py", "provenance/explain.py"),
    *("serve/openapi.py", "serve/folder/openapi.py"),
    *("serve/folder/openapi_parts.py", "serve/folder/selection.py", "serve/folder/summary.py"),
)
_WORDS = re.compile(r"[A-Za-z]{2,}[,:;.]? +[A-Za-z]{2,}|[}\d],? [a-z]{2,}|[a-z]{2,}[:,]? [(`]?\{")
_OTHER = re.compile(
    r"^(SELECT|INSERT|DELETE|PRAGMA|BEGIN|DROP|CREATE|default-src|attachment;|private,|bokwon:)|</?[a-z!?]|%s|\(\?|"
    r"^(Exception from src/|Load model from|(CUDA|cuDNN|MPS) |failed to map)|std::bad_alloc|"
    r"q Q cm|INLINE IMAGE|bad\[_|\{OWN\}|^the \{name\}$|^text/|^application/|^in a worker process|^http:|^data:|\[K"
)
"""SQL, markup, headers, regular expressions, the log and the traces of crashes."""
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_TYPER = (
    "Usage:",
    "Arguments",
    "Options",
    "Commands",
    "[default: {}]",
    "[required]",
    "[env var: {}]",
    "Show this message and exit.",
    "Install completion for the current shell.",
    "Show completion for the current shell, to copy it or customize the installation.",
    "Missing argument {hint}",
    "Missing option {hint}",
    "Missing option {hint}. {choices}",
    "Missing argument {hint}. {choices}",
    "Missing command",
    "Choose from:{choices}",
    "No such option: {option}",
    "No such option: {option} (Possible options: {possibilities})",
    "No such command {command}",
    "Got unexpected extra argument(s) ({arguments})",
    "Option {option} requires an argument",
    "Option {option} does not take a value",
    "Invalid value for {hint}: {message}",
    "{value} is not in the range {range}",
    "{value} is not one of {choices}",
    "{value} is not a valid int",
    "{value} is not a valid float",
    "{value} is not a valid integer",
    "{value} is not a valid number",
    "No such command {command} Did you mean {names}?",
    "Value error, {message}",
    "Input should be a valid integer, unable to parse string as an integer",
    "Input should be a valid number, unable to parse string as a number",
    "Input should be greater than {least}",
    "Input should be greater than or equal to {least}",
    "Input should be less than {most}",
    "Input should be less than or equal to {most}",
)
"""Texts of Typer."""
_PILLOW = (
    "image file is truncated",
    "image file is truncated ({number} bytes not processed)",
    "broken data stream when reading image file",
    "unrecognized data stream contents when reading image file",
    "cannot identify image file {file}",
)
_ERRNO = ("EACCES", "EBUSY", "EDQUOT", "EEXIST", "EFBIG", "EIO", "EISDIR", "ELOOP", "EMFILE", "ENAMETOOLONG", "ENOENT")
_ERRNO += ("ENOSPC", "ENOTDIR", "ENOTEMPTY", "EPERM", "EROFS", "ESTALE", "EADDRINUSE", "EADDRNOTAVAIL", "ECONNREFUSED")
_SINGLE = (
    *("error", "warning", "note", "interrupted", "files", "pages", "filled", "tiles", "hole", "total", "Examples:"),
    *("{number} scan", "{number} scans", "{number} image", "{number} images"),
    *("it has {first} and {second}", "its negative has {first} and {second}"),
    *("works", "system", "processor", "memory", "measuring"),
)


def texts() -> set[str]:
    """Return every text that needs a translation."""
    found = {*_TYPER, *_PILLOW, *_SINGLE, *STATUSES, *DETECTOR_CLASSES, *_help()}
    found |= {os.strerror(getattr(errno, name)) for name in _ERRNO}
    found |= {f"{{number}} {kind}" for kind in DETECTOR_CLASSES}
    for path in _files():
        found |= set(_of_file(path))
    return found


def _files() -> Iterator[Path]:
    for pattern in _SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            if path.relative_to(ROOT).as_posix() not in _NOT_SHOWN:
                yield path


def _of_file(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        for statement in getattr(node, "body", []) if not isinstance(node, ast.Lambda | ast.IfExp) else []:
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                # Docstrings.
                skipped.add(statement.value)
        if isinstance(node, ast.JoinedStr):
            skipped.update(part for part in node.values if isinstance(part, ast.Constant))
            skipped.update(
                part
                for value in node.values
                if isinstance(value, ast.FormattedValue) and value.format_spec is not None
                for part in ast.walk(value.format_spec)
            )
        if isinstance(node, ast.keyword) and node.arg in ("description", "pattern", "help"):
            skipped.update(ast.walk(node.value))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Parameter", "_choice", "_flag", "_page"):
            skipped.update(ast.walk(node))
        if isinstance(node, ast.Call) and "logg" in ast.unparse(node.func):
            skipped.update(ast.walk(node))
        # Errors of code that calls bokwon. Users do not see them.
        mistake = isinstance(node, ast.Raise) and re.search("(Assertion|Attribute)Error", ast.unparse(node))
        if isinstance(node, ast.Assert) or mistake:
            skipped.update(ast.walk(node))
        if isinstance(node, ast.Subscript):
            skipped.update(ast.walk(node.slice))
    for node in ast.walk(tree):
        if node in skipped or not isinstance(node, ast.Constant | ast.JoinedStr):
            continue
        for text in map(trimmed, _spelled(node)):
            if _WORDS.search(_PLACEHOLDER.sub("{}", text)) and not _OTHER.search(text):
                yield text


def _spelled(node: ast.expr, names: dict[str, str] | None = None) -> list[str]:
    """Return what a string may be, with placeholders for what is known only later."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.Constant):
        return []
    if isinstance(node, ast.FormattedValue):
        names = {} if names is None else names
        return _spelled_value(node.value, names)
    assert isinstance(node, ast.JoinedStr)
    names = {}
    parts = [_spelled(part, names) for part in node.values]
    return ["".join(choice) for choice in product(*parts)]


def _spelled_value(value: ast.expr, names: dict[str, str]) -> list[str]:
    match value:
        case ast.IfExp(body=body, orelse=orelse) if all(map(_is_text, (body, orelse))):
            return [text for branch in (body, orelse) for text in _spelled_value(branch, names)]
        case ast.JoinedStr() | ast.Constant(value=str()):
            return _spelled(value)
        case ast.BinOp(left=ast.Constant(value=str(plural)), op=ast.Mult()):
            return ["", plural]
    whole = ast.unparse(value)
    if whole not in names:
        name = field_name(value)
        taken = set(names.values())
        names[whole] = next(
            candidate for candidate in (name, *(f"{name}{n}" for n in range(2, 99))) if candidate not in taken
        )
    return ["{" + names[whole] + "}"]


def _is_text(node: ast.expr) -> bool:
    if isinstance(node, ast.IfExp):
        return all(map(_is_text, (node.body, node.orelse)))
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def field_name(value: ast.expr) -> str:
    """Return a short name for an expression: `name` for `source.name`, `pages` for `len(pages)`."""
    match value:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.strip("_")
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
        case ast.Subscript(value=inner):
            return field_name(inner)
        case ast.Call(func=ast.Attribute(value=ast.Constant(), attr="join"), args=[inner, *_]):
            return field_name(inner)
        case ast.Call(func=ast.Name(id="len" | "str" | "map" | "min" | "max" | "sum" | "sorted"), args=[*_, inner]):
            return field_name(inner)
        case ast.Call(func=inner):
            return field_name(inner)
        case ast.BinOp(left=ast.Constant(), right=inner) | ast.BinOp(left=inner):
            return field_name(inner)
        case ast.BoolOp(values=[inner, *_]):
            return field_name(inner)
        case _:
            return "value"


def trimmed(text: str) -> str:
    """Return a text without what joins it to others."""
    text = re.sub(r"^[;,:]?\s+", "", text).strip()
    while text.startswith("(") and text.endswith(")"):
        text = text[1:-1]
    return text


def _help() -> Iterator[str]:
    import typer.main

    from bokwon.cli.main import app

    root = typer.main.get_command(app)
    yield from _help_of(root, COMMANDS)


def _help_of(command: Any, wanted: Iterable[str] | None) -> Iterator[str]:
    from bokwon.cli.translated_help import paragraphs, texts_of

    yield from paragraphs(command.help or "")
    for param in command.params:
        yield from texts_of(param)
    for name, sub in getattr(command, "commands", {}).items():
        if wanted is None or name in wanted:
            yield from _help_of(sub, None)
        else:
            yield paragraphs(sub.help or "")[0]


def updated(there: dict[str, str]) -> str:
    """Return the catalogue with all texts, as a .po file.

    Args:
        there: Translations that are there.
    """
    catalogue = Catalog(locale="ko", project="bokwon", fuzzy=False)
    for text in sorted(texts()):
        catalogue.add(text, there.get(text, ""))
    written = io.BytesIO()
    write_po(written, catalogue, width=116, sort_output=True, omit_header=True)
    return written.getvalue().decode("utf-8")


def main(arguments: list[str]) -> int:
    """Update the catalogue, or check it."""
    path = LOCALES / "ko.po"
    there = read_catalogue(path) if path.exists() else {}
    if "--check" not in arguments:
        path.write_text(updated(there), encoding="utf-8")
        there = read_catalogue(path)
    missing = sorted(text for text in texts() if not there.get(text))
    for text in missing:
        print(f"no translation: {text}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
