"""Every command and every piece of Python in the docs runs, on tiny files; those marked as not run are at least read.

A block that cannot run here has a line `<!-- not run: needs ... -->` or `<!-- not run: takes ... -->` above its fence.
"""

from __future__ import annotations

import ast
import doctest
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from bokwon.cli.main import app
from bokwon.cli.train import choose_config
from tests.docs.markdown import Block, blocks_of, commands_of
from tests.docs.sandbox import NAMES, ROOT, build

FILES = [ROOT / "README.md", ROOT / "README.ko.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCKS = [block for file in FILES for block in blocks_of(file)]
SHELL = ("console", "sh")
MARKED = [block for block in BLOCKS if block.reason is not None]


def by_file(*languages: str) -> list[list[Block]]:
    """Return the blocks that run, a list a page."""
    # The Korean pages have the commands of the English ones: see below.
    chosen = [
        block
        for block in BLOCKS
        if block.reason is None and block.language in languages and not block.file.name.endswith(".ko.md")
    ]
    return [[block for block in chosen if block.file == file] for file in FILES if file in {b.file for b in chosen}]


def run_in(folder: Path, arguments: list[str]) -> None:
    path = os.pathsep.join((str(folder / "bin"), os.environ["PATH"]))
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder / "data"), "OMP_NUM_THREADS": "1"}
    source = {"PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT / "src"), os.environ.get("PYTHONPATH"))))}
    done = subprocess.run(
        arguments,
        cwd=folder,
        env={**os.environ, **home, **source, "PATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("blocks", by_file(*SHELL), ids=lambda blocks: blocks[0].file.name)
def test_commands_run(blocks: list[Block], tmp_path: Path) -> None:
    build(tmp_path)
    for block in blocks:
        try:
            run_in(tmp_path, ["bash", "-e", "-u", "-o", "pipefail", "-c", block.script])
        except AssertionError as error:
            raise AssertionError(f"{block}\n{block.script}\n{error}") from error


def is_session(block: Block) -> bool:
    return ">>> " in block.text


@pytest.mark.parametrize("blocks", by_file("python"), ids=lambda blocks: blocks[0].file.name)
def test_python_runs(blocks: list[Block], tmp_path: Path) -> None:
    build(tmp_path)
    text = NAMES.get(blocks[0].file.name, "") + "\n".join(block.text for block in blocks if not is_session(block))
    (tmp_path / "page_of_docs.py").write_text(text, encoding="utf-8")
    run_in(tmp_path, [sys.executable, "page_of_docs.py"])
    names: dict[str, object] = {}
    for block in filter(is_session, blocks):
        example = doctest.DocTestParser().get_doctest(block.text, names, str(block), str(block.file), block.line)
        runner = doctest.DocTestRunner(verbose=False)
        runner.run(example, clear_globs=False)
        names = example.globs
        assert (runner.summarize(verbose=False).failed, str(block)) == (0, str(block))


@pytest.mark.parametrize("block", MARKED, ids=str)
def test_what_is_not_run_is_read(block: Block) -> None:
    assert re.match(r"(needs|takes) \S+", block.reason or "")
    if block.language == "python":
        check_imports(block.text)
        return
    commands = commands_of(block.script)
    assert commands
    for words in commands:
        if "bokwon" in words and (words[0] == "bokwon" or words[words.index("bokwon") - 1] == "-m"):
            check_bokwon(words[words.index("bokwon") + 1 :])
        elif words[:1] == ["python"]:
            check_script(words[1:])


def check_bokwon(words: list[str]) -> None:
    """Let the command line read the words, without doing what they ask for."""
    command = typer.main.get_command(app)
    context = command.make_context("bokwon", list(words))
    name, command, rest = command.resolve_command(context, list(words))  # type: ignore[attr-defined]
    while hasattr(command, "resolve_command"):
        context = command.make_context(name, list(rest), parent=context)
        name, command, rest = command.resolve_command(context, list(rest))
    given = command.make_context(name, list(rest), parent=context).params
    if name == "train":
        names = ("preset", "images", "masks", "init", "assignments")
        config = given["config"]
        there = ROOT / config if config is not None and (ROOT / config).is_file() else None
        choose_config(there, **{key: given[key] for key in names})


def check_script(words: list[str]) -> None:
    """Look for the options of a script of ours in its text."""
    assert (ROOT / words[0]).is_file()
    source = (ROOT / words[0]).read_text(encoding="utf-8")
    # `read_options(pages=24)` declares `--pages`.
    declared = re.findall(r'"(--[\w-]+)"', source)
    for keywords in re.findall(r"\bread_options\(([^)]*)\)", source):
        declared += [f"--{name}" for name in re.findall(r"(\w+)=", keywords)]
    assert [word for word in words[1:] if word.startswith("--") and word not in declared] == []


def check_imports(text: str) -> None:
    """Import what the text imports from bokwon."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bokwon"):
            module = importlib.import_module(node.module or "")
            assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []


def test_blocks_say_what_they_are_and_most_of_a_users_are_run() -> None:
    assert [str(block) for block in BLOCKS if block.language not in (*SHELL, "python", "text")] == []
    user = [block for block in BLOCKS if block.file.parent.name == "user" and block.language != "text"]
    assert len([block for block in user if block.reason is None]) > 0.7 * len(user)
    assert len(user) > 20


@pytest.mark.parametrize("korean", [file for file in FILES if file.name.endswith(".ko.md")], ids=lambda path: path.name)
def test_korean_pages_have_the_commands_of_the_english(korean: Path) -> None:
    english = korean.with_name(korean.name.replace(".ko.md", ".md"))
    found = [
        [
            (block.language, block.reason, block.text if block.language == "python" else commands_of(block.script))
            for block in blocks_of(file)
        ]
        for file in (english, korean)
    ]
    assert found[0] == found[1]


def test_links_lead_to_files_and_headings_that_are_there() -> None:
    wrong = []
    for file in FILES:
        prose = re.sub(r"^ *```.*?^ *```$", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", prose):
            path = (file.parent / target) if target else file
            if not path.exists():
                wrong.append(f"{file.name}: {target}")
            elif anchor and path.suffix == ".md" and anchor not in anchors_of(path):
                wrong.append(f"{file.name}: {target}#{anchor}")
    assert wrong == []


def anchors_of(file: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", re.sub(r"\]\([^)]*\)", "", title).lower()).replace(" ", "-") for title in headings}
