"""The help of the commands in the language of the user."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from bokwon.utilities.translation import translate

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["paragraphs", "texts_of", "translate_help"]

_CONSTANTS = (
    *("DEFAULT_STRING", "ENVVAR_STRING", "REQUIRED_LONG_STRING"),
    *("ARGUMENTS_PANEL_TITLE", "OPTIONS_PANEL_TITLE", "COMMANDS_PANEL_TITLE"),
)
_USAGE = "Usage: "


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a command's help as texts of the catalogue. Lines of examples stay lines."""
    found = []
    for paragraph in text.split("\n\n"):
        lines = [line.strip() for line in paragraph.splitlines() if line.strip()]
        if lines and lines[0].rstrip(":") in ("Examples", "Example"):
            found.append(lines[0])
        elif lines and not lines[0].startswith(("bokwon ", "curl ")):
            found.append(" ".join(lines))
    return found


def texts_of(param: Any) -> Iterator[str]:
    """Yield what the help of an option or argument shows in words."""
    yield from filter(None, (getattr(param, name, None) for name in ("help", "rich_help_panel")))
    shown = getattr(param, "show_default", None)
    if isinstance(shown, str) and " " in shown:
        yield shown


def translate_help(command: Any) -> None:
    """Let the help of a command and of those within it speak the language of the user.

    It is translated when it is shown, which begins with its usage.

    Args:
        command: What `typer.main.get_command` returns.
    """
    usage, params = command.get_usage, command.get_params

    def get_usage(context: Any) -> str:
        _translate_typer()
        _translate(command)
        return str(usage(context)).replace(_USAGE, translate(_USAGE), 1)

    def get_params(context: Any) -> Any:
        found = params(context)
        # Typer makes the option --help when it is asked for.
        for param in found[-1:]:
            param.help = translate(param.help or "")
        return found

    command.get_usage, command.get_params = get_usage, get_params
    for sub in getattr(command, "commands", {}).values():
        translate_help(sub)


def _translate(command: Any) -> None:
    command.help = _text(command.help)
    for param in command.params:
        for name in ("help", "rich_help_panel", "show_default"):
            if isinstance(told := getattr(param, name, None), str):
                setattr(param, name, translate(told))
    for sub in getattr(command, "commands", {}).values():
        sub.help, sub.short_help = _text(sub.help), _text(sub.short_help)


def _translate_typer() -> None:
    """Translate what Typer and Rich say themselves. Called when help is shown, as it loads Rich."""
    from rich.text import Text
    from typer import rich_utils

    for name in _CONSTANTS:
        setattr(rich_utils, name, translate(getattr(rich_utils, name)))
    # Rich counts letters and not columns here, so that a space at the end of a Korean line would cut off a word.
    Text.rstrip_end = _without_end  # type: ignore[assignment, method-assign]


def _without_end(text: Text, size: int) -> None:
    while text.cell_len > size and text.plain.endswith(" "):
        text.right_crop(1)


def _text(text: str | None) -> str | None:
    """Translate the help of a command, paragraph by paragraph; examples stay."""
    if not text:
        return text
    found = []
    for paragraph in text.split("\n\n"):
        first, _, rest = paragraph.partition("\n")
        known = paragraphs(paragraph)
        if known == [first.strip()] and rest:
            found.append(f"{translate(known[0])}\n{rest}")
        else:
            found.append(translate(known[0]) if known else paragraph)
    return "\n\n".join(found)
