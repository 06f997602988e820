"""The catalogue of messages is complete: whatever users read has a Korean translation, and each text is recognized."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from bokwon.utilities.translation import LANGUAGES, LOCALES, Text, read_catalogue, translate

ROOT = Path(__file__).parents[1]
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
ADJACENT = re.compile(r"(?:\{[^{}]*\})+")
CATALOGUE = read_catalogue(LOCALES / "ko.po")


@pytest.fixture(scope="module")
def messages() -> ModuleType:
    spec = importlib.util.spec_from_file_location("messages", ROOT / "packaging" / "messages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_language_has_a_catalogue() -> None:
    assert {path.stem for path in LOCALES.iterdir()} == set(LANGUAGES) - {"en"}


def test_no_text_is_missing_and_none_is_left_over(messages: ModuleType) -> None:
    wanted = messages.texts()
    assert sorted(text for text in wanted if not CATALOGUE.get(text)) == [], "run `make messages` and translate them"
    assert sorted(CATALOGUE.keys() - wanted) == [], "run `make messages`"
    assert messages.updated(CATALOGUE) == (LOCALES / "ko.po").read_text(encoding="utf-8")
    # No message of a command went unnoticed.
    assert len(wanted) > 1000


def test_translations_have_the_placeholders_of_their_texts() -> None:
    for english, korean in CATALOGUE.items():
        # Those without text between them are one to the reader of a message.
        assert sorted(ADJACENT.findall(english)) == sorted(ADJACENT.findall(korean)), english


def test_translations_are_korean_and_no_particle_depends_on_a_name() -> None:
    for english, korean in CATALOGUE.items():
        # A share ends in the word for percent.
        assert not re.search(r"\{(?!share|count_nonzero)[^{}]*\}[은는을를과와](?![가-힣(])", korean), english
        assert korean in (english, english.replace(" and ", ", ")) or re.search("[가-힣]", korean), english


def test_each_text_is_recognized_and_taken_for_no_other() -> None:
    for english, korean in CATALOGUE.items():
        names = PLACEHOLDER.findall(english)
        are_numbers = [re.fullmatch(r"number|per_second|counted|[xy]\d", name) is not None for name in names]
        shown = [str(100 + place) if is_one else f"W{place}" for place, is_one in enumerate(are_numbers)]
        message = _filled(english, names, shown)
        assert translate(message, "ko") == _filled(korean, names, shown), message


def _filled(text: str, names: list[str], values: list[str]) -> str:
    waiting = [*zip(names, values, strict=True)]
    return PLACEHOLDER.sub(
        lambda field: waiting.pop(next(place for place, item in enumerate(waiting) if item[0] == field[1]))[1], text
    )


def test_what_the_extraction_makes_of_code(messages: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "code.py"
    path.write_text(
        '''
"""A docstring with words."""
def work(source, pages, many, lossy):
    """Another docstring with words."""
    logging.info("not for users")
    raise InputFileError(f"{source.name} has {len(pages)} page{'s' * (pages > 1)}", "name another file")
    say(f"; {pages:.2%} of {source['file']!r} {'one way' if many else f'{many} ways' if lossy else 'no way'}")
    database.execute("SELECT row FROM pages")
    return {"a key": "image/png"}
'''
    )
    assert sorted(messages._of_file(path)) == [
        "name another file",
        "no way",
        "one way",
        "{many} ways",
        "{name} has {pages} page",
        "{name} has {pages} pages",
        "{pages} of {file} no way",
        "{pages} of {file} one way",
        "{pages} of {file} {many} ways",
    ]


def test_every_file_that_raises_errors_for_users_is_looked_through(messages: ModuleType) -> None:
    looked = set(messages._files())
    for room in ("batch", "iiif", "image_io", "inpaint", "detection", "provenance", "serve", "utilities"):
        for path in (messages.ROOT / room).rglob("*.py"):
            if path in looked:
                continue
            raised = {
                ast.unparse(node.exc.func)
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)
            }
            assert not {name for name in raised if name.endswith("Error") and name != "ValueError"} or (
                path.name == "data_pack.py"
            ), path


def test_texts_know_their_placeholders() -> None:
    text = Text("{name} has {pages}{rest}", "")
    assert text.fields == ["name", "{pages}{rest}"]
