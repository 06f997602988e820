"""The commands that archivists use, in Korean: help, errors, messages, tables; and in English for scripts."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.cli.main import main
from bokwon.cli.translated_help import paragraphs

HOLE = np.zeros((60, 48), np.uint8)
HOLE[10:20, 10:20] = 255
HANGUL = re.compile("[가-힣]")
COMMANDS = ("restore", "detect", "undo", "open", "doctor", "record export")


@pytest.fixture
def korean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOKWON_LANG", "ko")


@pytest.fixture
def page(folder: Path) -> Path:
    """A page in the working folder, beside its mask."""
    Image.fromarray(np.full((60, 48), 200, np.uint8)).save("page.png")
    return folder / "page.png"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run a command; return its exit code, and what it printed and said."""
    with pytest.raises(SystemExit) as left:
        main(list(arguments))
    printed = capsys.readouterr()
    return int(left.value.code or 0), printed.out, printed.err


def in_process(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("BOKWON_LANG", "LC_ALL")}
    return subprocess.run(
        [sys.executable, "-m", "bokwon", *arguments],
        env=environment | variables,
        text=True,
        encoding="utf-8",
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_korean_to_the_last_word(command: str) -> None:
    helped = in_process(*command.split(), "--help", BOKWON_LANG="ko", COLUMNS="100")
    assert helped.returncode == 0, helped.stderr
    text = helped.stdout
    assert "사용법: bokwon" in text
    assert "옵션 ─" in text
    assert "이 도움말을 출력하고 끝냅니다." in text
    assert not re.search(r"Usage|Options|Arguments|required|default:", text)
    # Rich cuts a word off with this where it takes Korean letters for narrow ones.
    assert "…" not in text
    # What is left in English are names of options, formats and values, and examples.
    words = re.sub(r"(?m)^ (bokwon|curl|사용법:) .*$|`[^`]*`|<[^>]*>", "", text)
    assert not re.search(r"\b[a-z]{3,} [a-z]{2,} [a-z]{2,}\b", words), words


def test_commands_are_listed_in_korean() -> None:
    listed = in_process("--help", BOKWON_LANG="ko", COLUMNS="120").stdout
    for name in ("restore", "open", "detect", "undo", "explain", "doctor", "train", "reproduce"):
        line = next(line for line in listed.splitlines() if line.startswith(f"│ {name} "))
        assert HANGUL.search(line)


@pytest.mark.parametrize("arguments", [("restore", "--help"), ("detect", "none.png", "mask.png")])
def test_scripts_are_spoken_to_in_english(arguments: tuple[str, ...], tmp_path: Path) -> None:
    plain = in_process(*arguments, LANG="C.UTF-8")
    korean_machine = in_process(*arguments, LANG="ko_KR.UTF-8", LANGUAGE="ko", LC_MESSAGES="ko_KR.UTF-8")
    assert (plain.stdout, plain.stderr) == (korean_machine.stdout, korean_machine.stderr)
    assert not HANGUL.search(plain.stdout + plain.stderr)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_on_a_korean_terminal_the_command_speaks_korean() -> None:
    leader, follower = pty.openpty()
    environment = {**os.environ, "LANG": "ko_KR.UTF-8"}
    environment.pop("BOKWON_LANG", None)
    command = [sys.executable, "-m", "bokwon", "detect", "none.png", "mask.png"]
    done = subprocess.run(command, env=environment, stdin=follower, stdout=follower, stderr=follower, check=False)
    os.close(follower)
    said = os.read(leader, 10_000).decode("utf-8")
    os.close(leader)
    assert done.returncode == 5
    assert said.strip() == "bokwon: 오류: none.png: 그런 파일이나 폴더가 없습니다; 경로를 확인하십시오"


@pytest.mark.usefixtures("korean", "page")
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ("restore none.png out.png", 5, "none.png: 그런 파일이나 폴더가 없습니다; 경로를 확인하십시오"),
        ("restore page.png", 1, "인자 'OUTPUT'이 없습니다; `bokwon restore --help`를 보십시오"),
        ("detect page.png", 1, "인자 'MASK': 값이 없습니다; `bokwon detect --help`를 보십시오"),
        (
            "restore page.png o.png --nonesuch",
            1,
            "--nonesuch: 그런 옵션이 없습니다; `bokwon restore --help`를 보십시오",
        ),
        ("nonesuch", 1, "'nonesuch': 그런 명령이 없습니다; `bokwon --help`를 보십시오"),
        (
            "restore page.png o.png --mask small.png --method telea",
            1,
            "마스크 small.png: 48x30화소이고, 이미지는 48x60화소입니다: 가로세로 비율이 다릅니다; "
            "바로 이 이미지에 마스크를 그리십시오",
        ),
        (
            "undo none.record page.png",
            5,
            "기록 none.record: 읽을 수 없습니다: 그런 파일이나 폴더가 없습니다; OUTPUT.record 폴더를 적으십시오",
        ),
        ("restore page.png o.png -q -v", 1, "-q 옵션과 -v 옵션은 함께 쓸 수 없습니다; 둘 가운데 하나만 쓰십시오"),
    ],
)
def test_errors_are_korean_and_codes_stay(
    arguments: str, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(HOLE[:30]).save("small.png")
    left, out, err = run(capsys, *arguments.split())
    assert (left, out, err) == (code, "", f"bokwon: 오류: {said}\n")


@pytest.mark.usefixtures("korean")
def test_a_page_is_restored_and_undone_in_korean(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = page.read_bytes()
    words = ("--mask", "mask.png", "--method", "telea", "--record")
    code, _, err = run(capsys, "restore", "page.png", "out.png", *words)
    assert (code, err) == (0, "bokwon: 저장함: out.png: page.png의 3.47%를 메움, 마스크 mask.png: 흰색이 구멍입니다\n")
    # Programs read records.
    assert not HANGUL.search(Path("out.png.record/record.json").read_text(encoding="utf-8"))
    assert run(capsys, "record", "export", "out.png.record", "--as", "csv", "-o", "holes.csv") == (
        0,
        "",
        "bokwon: 저장함: holes.csv: out.png.record의 csv\n",
    )
    assert not HANGUL.search(Path("holes.csv").read_text(encoding="utf-8"))
    code, _, err = run(capsys, "undo", "out.png.record", "out.png")
    assert (code, err) == (0, "bokwon: 저장함: out.png: 1면, 원래대로\n")
    assert page.read_bytes() == before


def test_workers_of_a_folder_speak_korean_and_the_report_english(page: Path) -> None:
    scans = page.parent / "scans"
    scans.mkdir()
    for name in ("a", "b"):
        (scans / f"{name}.png").write_bytes(page.read_bytes())
        (scans / f"{name}-mask.png").write_bytes((page.parent / "mask.png").read_bytes())
    (scans / "c.png").write_bytes(b"\x89PNG\r\n\x1a\nno picture")
    (scans / "c-mask.png").write_bytes((page.parent / "mask.png").read_bytes())
    words = ("restore", str(scans), str(page.parent / "out"), "--method", "telea", "-j", "2")
    korean = in_process(*words, BOKWON_LANG="ko")
    assert korean.returncode == 4
    lines = korean.stderr.splitlines()
    assert lines[0] == (
        f"bokwon: 오류: {scans / 'c.png'}: 손상되었습니다: 헤더가 잘렸거나 깨졌습니다; 온전한 사본을 구하십시오"
    )
    assert lines[1].split() == ["파일", "면", "메움", "타일", "구멍"]
    assert [line.split()[0] for line in lines[2:7]] == ["복원", "변경", "마스크", "실패", "전체"]
    # The columns stand below one another, a Korean letter being as wide as two others.
    assert len({len(line) + len(HANGUL.findall(line)) for line in lines[1:7]}) == 1
    assert re.fullmatch(r"bokwon: 0:00:\d\d, 초당 [\d.]+면; 보고서: \S+report\.html", lines[7])
    report = (page.parent / "out" / "report.jsonl").read_text(encoding="utf-8")
    assert not HANGUL.search(report)
    entries = [json.loads(line) for line in report.splitlines()]
    english = in_process(*words, LANG="ko_KR.UTF-8")
    assert english.returncode == 4
    assert f"bokwon: error: {entries[2]['error']}; {entries[2]['fix']}" in english.stderr
    # The report for people has both.
    page_of_report = (page.parent / "out" / "report.html").read_text(encoding="utf-8")
    assert '<span lang="ko">온전한 사본을 구하십시오</span>' in page_of_report
    assert f'<span lang="en">{entries[2]["fix"]}</span>' in page_of_report


@pytest.mark.usefixtures("korean")
def test_the_doctor_speaks_korean(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "doctor", "--no-test")
    assert code == 0
    lines = dict(line.split(": ", 1) for line in out.splitlines()[:-1])
    assert lines["모델 document"] == "파일이 온전합니다"
    assert lines["프로세서"].startswith("코어 ")
    assert out.splitlines()[-1] == "모두 정상입니다"


def test_paragraphs_of_help_are_texts_and_examples_are_not() -> None:
    told = "First\n    line.\n\nSecond.\n\nExamples:\nbokwon restore a b\n\nbokwon undo a b\n"
    assert paragraphs(told) == ["First line.", "Second.", "Examples:"]
