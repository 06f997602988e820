"""The exceptions of bokwon. Every error says what is wrong and what to do, and has a documented exit code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = [
    "ArgumentError",
    "BokwonError",
    "FileAccessError",
    "InputFileError",
    "MemoryLimitError",
    "MissingDependencyError",
    "OutputExistsError",
    "TimeLimitError",
    "accessing",
    "importing",
]


class BokwonError(Exception):
    """Base of all errors of bokwon.

    Args:
        message: What is wrong, with the name of the file or the value.
        fix: What the user can do about it.

    Attributes:
        exit_code: What the command line returns for this class of error.
    """

    exit_code = 15

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message, fix)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        """Return the error as one line, the fix after the fault."""
        text = f"{self.message}; {self.fix}" if self.fix else self.message
        return " ".join(text.split())


class ArgumentError(BokwonError, ValueError):
    """The arguments are wrong or contradict each other: exit code 1."""

    exit_code = 1


class InputFileError(BokwonError):
    """An image, mask or model file is unreadable or damaged: exit code 2."""

    exit_code = 2


class MissingDependencyError(BokwonError, ImportError):
    """An optional package, font or program is not installed: exit code 3."""

    exit_code = 3


class FileAccessError(BokwonError):
    """A file or folder is missing, of the wrong kind, or may not be read or written: exit code 5."""

    exit_code = 5


class OutputExistsError(BokwonError):
    """The output exists and may not be overwritten: exit code 6."""

    exit_code = 6


class MemoryLimitError(BokwonError, MemoryError):
    """There is too little memory: exit code 7."""

    exit_code = 7


class TimeLimitError(BokwonError):
    """A file took longer than its time limit: exit code 8."""

    exit_code = 8


@contextmanager
def accessing(message: str, fix: str) -> Iterator[None]:
    """Turn an `OSError` of the block into a `FileAccessError`.

    Args:
        message: What could not be done. `{error}` in it is replaced by the reason of the operating system.
        fix: What the user can do about it.

    Raises:
        FileAccessError: The block raised an `OSError`.
    """
    try:
        yield
    except OSError as error:
        raise FileAccessError(message.replace("{error}", str(error.strerror or error)), fix) from error


@contextmanager
def importing(message: str, fix: str) -> Iterator[None]:
    """Turn an `ImportError` of the block into a `MissingDependencyError`.

    Args:
        message: What is missing. `{name}` in it is replaced by the name of the module, `{error}` by the fault.
        fix: What the user can install.

    Raises:
        MissingDependencyError: The block raised an `ImportError`.
    """
    try:
        yield
    except ImportError as error:
        text = message.replace("{name}", str(error.name)).replace("{error}", str(error))
        raise MissingDependencyError(text, fix) from error
