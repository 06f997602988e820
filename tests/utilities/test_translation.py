from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from bokwon.errors import ArgumentError, BokwonError, InputFileError
from bokwon.utilities import translation
from bokwon.utilities.translation import Text, language, read_catalogue, told, translate


class _Terminal:
    def __init__(self, is_one: bool) -> None:
        self._is_one = is_one

    def isatty(self) -> bool:
        return self._is_one


@pytest.mark.parametrize(
    ("wanted", "locale", "out", "err", "expected"),
    [
        (None, None, True, True, "en"),
        ("ko", None, False, False, "ko"),
        ("ko_KR.UTF-8", None, False, False, "ko"),
        ("en", "ko_KR.UTF-8", True, True, "en"),
        ("fr", "ko_KR.UTF-8", True, True, "en"),
        (None, "ko_KR.UTF-8", True, True, "ko"),
        ("", "ko_KR.UTF-8", True, True, "ko"),
        (None, "ko_KR.UTF-8", False, True, "en"),
        (None, "ko_KR.UTF-8", True, False, "en"),
        (None, "C.UTF-8", True, True, "en"),
    ],
)
def test_the_variable_decides_and_else_the_locale_of_a_terminal(
    wanted: str | None, locale: str | None, out: bool, err: bool, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("BOKWON_LANG", wanted), ("LANG", locale)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout", _Terminal(out))
    monkeypatch.setattr("sys.stderr", _Terminal(err))
    # A script's locale, which nobody set for bokwon.
    monkeypatch.setenv("LC_ALL", "ko_KR.UTF-8")
    assert language() == expected


def test_a_process_without_streams_speaks_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BOKWON_LANG", raising=False)
    monkeypatch.setenv("LANG", "ko_KR.UTF-8")
    monkeypatch.setattr("sys.stderr", None)
    assert language() == "en"


@pytest.fixture
def small_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A catalogue of few texts in the place of the Korean one."""
    (tmp_path / "ko.po").write_text(
        r"""
#: a comment
msgid ""
msgstr "the header"

msgid "page {number} has no mask"
msgstr "{number}면: 마스크가 없습니다"

msgid "cannot write {target}: {reason}"
msgstr "{target}: 쓸 수 없습니다: {reason}"

msgid "No space left on device"
msgstr "남은 공간이 없습니다"

msgid "{done} of "
"{total} with \"quotes\""
msgstr "{total} 가운데 "
"\"{done}\""

msgid "mask {name}"
msgstr "마스크 {name}"

msgid "tear"
msgstr "찢김"

msgid "{number} tear"
msgstr "찢김 {number}곳"

msgid "{kind}: {name} is left out{rest}"
msgstr "{name}: {kind}, 뺌{rest}"

msgid "not translated yet"
msgstr ""
""",
        encoding="utf-8",
    )
    monkeypatch.setattr(translation, "LOCALES", tmp_path)
    translation._catalogue.cache_clear()
    translation._translate.cache_clear()
    yield
    translation._catalogue.cache_clear()
    translation._translate.cache_clear()


@pytest.mark.usefixtures("small_catalogue")
@pytest.mark.parametrize(
    ("english", "korean"),
    [
        ("page 3 has no mask", "3면: 마스크가 없습니다"),
        # A number of a page is a number.
        ("page x has no mask", "page x has no mask"),
        # What libraries and the system say.
        ("cannot write a b.png: No space left on device", "a b.png: 쓸 수 없습니다: 남은 공간이 없습니다"),
        ('3 of 4 with "quotes"', '4 가운데 "3"'),
        # Names stay, whatever they are.
        ("cannot write tear: No space left on device", "tear: 쓸 수 없습니다: 남은 공간이 없습니다"),
        ("cannot write mask tear: x", "mask tear: 쓸 수 없습니다: x"),
        ("mask tear", "마스크 tear"),
        # A message in the place of a name is none.
        ("cannot write No space left on device: x", "남은 공간이 없습니다: 쓸 수 없습니다: x"),
        # Several texts in one.
        (
            "book.tif: page 3 has no mask; No space left on device",
            "book.tif: 3면: 마스크가 없습니다; 남은 공간이 없습니다",
        ),
        ("2 tear, 1 tear", "찢김 2곳, 찢김 1곳"),
        ("; page 3 has no mask ", "; 3면: 마스크가 없습니다 "),
        ("this (page 3 has no mask)", "this (3면: 마스크가 없습니다)"),
        ("tear: leaf.png is left out, 2 tear", "leaf.png: 찢김, 뺌, 찢김 2곳"),
        ("not translated yet", "not translated yet"),
        ("something else: entirely", "something else: entirely"),
        ("", ""),
        (" ", " "),
    ],
)
def test_a_text_is_recognized_with_what_stands_in_it(english: str, korean: str) -> None:
    assert translate(english, "ko") == korean
    assert translate(english, "en") == english


@pytest.mark.parametrize(
    "name",
    [
        "add to museum.png",
        "name tag.png",
        "to Seoul 1950.tif",
        "left 2 hands.png",
        "a, b or c.png",
        "photo of a page.png",
    ],
)
@pytest.mark.parametrize(
    ("english", "korean"),
    [
        ("{} has no image", "{}: 이미지가 없습니다"),
        ("{}: no mask", "{}: 마스크 없음"),
        (
            "mask {} has no hole: the image is returned unchanged",
            "마스크 {}: 구멍이 없습니다. 이미지를 그대로 돌려줍니다",
        ),
        (
            "wrote out.png: 3.10% of {} filled, mask m.png: white is hole",
            "저장함: out.png: {}의 3.10%를 메움, 마스크 m.png: 흰색이 구멍입니다",
        ),
    ],
)
def test_a_file_that_is_named_like_a_message_keeps_its_name(name: str, english: str, korean: str) -> None:
    assert translate(english.format(name), "ko") == korean.format(name)


@pytest.mark.parametrize("name", ["{name}.png", "{} is {}x{}.png", "{0}.png", "a{b.png"])
def test_braces_in_a_name_are_no_placeholders(name: str) -> None:
    assert translate(f"{name} has no image", "ko") == f"{name}: 이미지가 없습니다"


@pytest.mark.parametrize(
    "text",
    [
        ", ".join(f"some words {number}" for number in range(200)),
        "; ".join(", ".join(f"some words {number}" for number in range(20)) for _ in range(10)),
        "mask " * 2000,
        "a" + " " * 20_000 + "b is " * 500 + "x" * 500 + " and the image " * 500 + "x pixels!",
    ],
)
def test_the_time_for_a_text_is_bounded(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    values = Text.values

    def counted(template: Text, text: str, *, strict: bool) -> list[str] | None:
        tried.append(template)
        return values(template, text, strict=strict)

    monkeypatch.setattr(Text, "values", counted)
    translation._translate.cache_clear()
    assert len(translate(text, "ko")) > 0
    assert len(tried) < 20_000


@pytest.mark.parametrize(
    ("english", "text", "strict", "values"),
    [
        ("{name}, page {number}", "a, page b, page 3", True, ["a, page b", "3"]),
        ("{name}, page {number}", "a, page b", True, None),
        ("{x1}x{y1} at {x0}", "10x20 at 30", True, ["10", "20", "30"]),
        ("{name} is {what}", "a is b is c", True, ["a", "b is c"]),
        ("{name} is {what}", "x: a is b", True, None),
        ("{name} is {what}", "x: a is b", False, ["x: a", "b"]),
        ("{name} is bad: {error}", "a is bad: b: c", True, ["a", "b: c"]),
        ("found {counted}", "found 3 tear", True, ["3 tear"]),
        ("found {counted}", "found nothing", False, None),
        ("{} and {}", " and ", True, ["", ""]),
        ("ab{}ba", "aba", True, None),
    ],
)
def test_values_end_where_the_text_behind_them_comes_first(
    english: str, text: str, strict: bool, values: list[str] | None
) -> None:
    assert Text(english, "").values(text, strict=strict) == values


@pytest.mark.usefixtures("small_catalogue")
def test_errors_are_one_line_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    error = InputFileError("page 3 has no mask", "No space left on device")
    monkeypatch.setenv("BOKWON_LANG", "ko")
    assert told(error) == "3면: 마스크가 없습니다; 남은 공간이 없습니다"
    assert told(pickle.loads(pickle.dumps(error))) == told(error)
    assert told(BokwonError("page 3 has no mask")) == "3면: 마스크가 없습니다"
    assert told(ValueError("page 3 has no mask")) == "3면: 마스크가 없습니다"
    assert told(error, "en") == str(error) == "page 3 has no mask; No space left on device"


def test_the_real_catalogue_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOKWON_LANG", "ko")
    error = ArgumentError("-q and -v contradict each other", "use one of them")
    assert told(error) == "-q 옵션과 -v 옵션은 함께 쓸 수 없습니다; 둘 가운데 하나만 쓰십시오"


@pytest.mark.parametrize(
    ("english", "korean"),
    [
        ("no model is named photo", "이름이 photo인 모델이 없습니다"),
        (
            "material photo and model photo cannot be given together",
            "material photo 설정과 model photo 설정은 함께 쓸 수 없습니다",
        ),
        ("a.png: filled as a photograph: the model is for it", "a.png: 사진으로 보고 메움: 모델의 용도에 따랐습니다"),
    ],
)
def test_names_that_a_user_may_type_stay(english: str, korean: str) -> None:
    assert translate(english, "ko") == korean


def test_a_catalogue_is_read_as_babel_writes_it(tmp_path: Path) -> None:
    import io

    from babel.messages.catalog import Catalog
    from babel.messages.pofile import write_po

    quoted = 'a "quote", a \\ and a\ttab\nand a line'
    texts = {"plain": "보통", quoted: "옮김", "long " * 40: "긴 글 " * 60, "empty": ""}
    catalogue = Catalog(locale="ko")
    for text, korean in texts.items():
        catalogue.add(text, korean, locations=[("file.py", 3)])
    written = io.BytesIO()
    write_po(written, catalogue, width=80)
    path = tmp_path / "ko.po"
    path.write_bytes(written.getvalue())
    assert read_catalogue(path) == texts


def test_placeholders_of_one_name_keep_their_order() -> None:
    text = Text("{} is {}x{}", "{}: {}x{}")
    assert text.values("a is 3x4", strict=True) == ["a", "3", "4"]
    assert text.filled(["a", "3", "4"]) == "a: 3x4"
