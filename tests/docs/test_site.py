"""What the documentation site is gathered from: links keep their targets, translations their anchors."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def assemble() -> ModuleType:
    spec = importlib.util.spec_from_file_location("assemble", ROOT / "docs" / "site" / "assemble.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_link_between_the_sites_files_leads_to_one(assemble: ModuleType, tmp_path: Path) -> None:
    assemble.assemble(tmp_path / "docs")
    broken = []
    for page in (tmp_path / "docs").rglob("*.md"):
        prose = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
        for target in re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", prose):
            if not (page.parent / target).is_file():
                broken.append(f"{page.relative_to(tmp_path)}: {target}")
    assert broken == []
    assert (tmp_path / "docs" / "index.ko.md").is_file()


def test_links_out_of_docs_lead_to_copies(assemble: ModuleType) -> None:
    text = "[a](../../src/bokwon/errors.py) [b](restore.md#x)\n```\n[c](../../README.md)\n```\n"
    changed, linked = assemble.with_links_of_site(text, ROOT / "docs" / "user" / "python.md")
    assert changed == (
        "[a](../project/src/bokwon/errors_py.md) [b](../user/restore.md#x)\n```\n[c](../../README.md)\n```\n"
    )
    assert linked == {ROOT / "src" / "bokwon" / "errors.py", ROOT / "docs" / "user" / "restore.md"}


def test_a_translation_has_the_anchors_of_its_original(assemble: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "x.md").write_text("# Title\n\n## The second\n", encoding="utf-8")
    translation = tmp_path / "x.ko.md"
    translation.write_text("# 제목\n\n[아래](#둘째-장)\n\n## 둘째 장\n", encoding="utf-8")
    changed = assemble.with_anchors_of(translation.read_text(encoding="utf-8"), translation)
    assert changed == "# 제목 { #title }\n\n[아래](#the-second)\n\n## 둘째 장 { #the-second }\n"


def test_a_link_into_a_translation_leads_to_the_anchor_it_has_there(assemble: ModuleType) -> None:
    text, _ = assemble.with_links_of_site("[x](restore.ko.md#종료-코드)", ROOT / "docs" / "user" / "faq.ko.md")
    assert text == "[x](../user/restore.ko.md#exit-codes)"


def test_a_translation_that_lacks_a_chapter_is_refused(assemble: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "x.md").write_text("# Title\n\n## The second\n", encoding="utf-8")
    (tmp_path / "x.ko.md").write_text("# 제목\n", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"x\.ko\.md has other headings"):
        assemble.anchors_of(tmp_path / "x.ko.md")
