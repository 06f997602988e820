"""Gathers what the documentation site is built from: docs/, the README as first page, and the files that they link to.

The documents are written to be read in the repository, where links may lead to any file of it. Here they are copied
into one folder, with those files, and their links are changed to match.

    python docs/site/assemble.py build/docs
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]

_LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)(#[^)\s]*)?\)")
_CODE = re.compile(r"(^```.*?^```)", re.DOTALL | re.MULTILINE)
_AS_THEY_ARE = (".json", ".csv", ".png", ".jpg")
_SWITCH = re.compile(r"^\[(한국어|English)\]\(\S+\)\n+", re.MULTILINE)
_HEADING = re.compile(r"^(#+ .+?)\s*$", re.MULTILINE)


def assemble(out: Path) -> None:
    """Copy everything that the site needs into a folder.

    Args:
        out: The folder; what it holds is removed.
    """
    shutil.rmtree(out, ignore_errors=True)
    documents = [ROOT / "README.md", ROOT / "README.ko.md"]
    documents += sorted((ROOT / "docs").rglob("*.md"))
    wanted: set[Path] = set()
    for document in documents:
        # The site has a switch of its own between the languages.
        text, linked = with_links_of_site(_SWITCH.sub("", document.read_text(encoding="utf-8")), document)
        if document.suffixes == [".ko", ".md"]:
            text = with_anchors_of(text, document)
        wanted |= linked
        _write(out / place_of(document), text)
    for path in sorted((ROOT / "docs").rglob("*")):
        if path.suffix in (".png", ".jpg", ".svg", ".css"):
            wanted.add(path)
    for path in sorted(wanted - set(documents)):
        target = out / place_of(path)
        if path.suffix in (*_AS_THEY_ARE, ".svg", ".css"):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        else:
            _write(target, _as_page(path))


def with_links_of_site(text: str, document: Path) -> tuple[str, set[Path]]:
    """Change the links of a document so that they lead to places within the site.

    Args:
        text: Its Markdown.
        document: Its file.

    Returns:
        The text, and the files that it links to. Links that lead nowhere stay as they are, for the check of the site.
    """
    linked: set[Path] = set()
    here = place_of(document).parent

    def lead(match: re.Match[str]) -> str:
        target = (document.parent / match[1]).resolve()
        if target.is_dir() and target.is_relative_to(ROOT):
            return "]"
        if not target.is_file() or not target.is_relative_to(ROOT):
            return match[0]
        linked.add(target)
        up = PurePosixPath(*[".."] * len(here.parts))
        anchor = match[2] or ""
        if anchor and target.suffixes == [".ko", ".md"]:
            anchor = f"#{anchors_of(target).get(anchor[1:], anchor[1:])}"
        return f"]({up / place_of(target)}{anchor})"

    # Blocks of code are every second part.
    parts = _CODE.split(text)
    changed = "".join(part if number % 2 else _LINK.sub(lead, part) for number, part in enumerate(parts))
    return changed, linked


def with_anchors_of(text: str, document: Path) -> str:
    """Give the headings of a translation the anchors of the original's, so that one link serves both.

    Args:
        text: The translation, its links already those of the site.
        document: Its file; the original lies beside it.

    Raises:
        SystemExit: They have different headings.
    """
    known = anchors_of(document)
    for heading in headings_of(text):
        anchor = known[anchor_of(heading)]
        text = re.sub(rf"^{re.escape(heading)}$", f"{heading} {{ #{anchor} }}", text, count=1, flags=re.MULTILINE)
    for own, anchor in known.items():
        text = text.replace(f"](#{own})", f"](#{anchor})")
    return text


def anchors_of(translation: Path) -> dict[str, str]:
    """Return the anchors of a translation's headings, and those of the same headings in the original.

    Raises:
        SystemExit: They have different headings.
    """
    original = translation.with_name(translation.name.replace(".ko.md", ".md"))
    ours, theirs = (headings_of(path.read_text(encoding="utf-8")) for path in (translation, original))
    if [heading.split()[0] for heading in ours] != [heading.split()[0] for heading in theirs]:
        sys.exit(f"{translation.name} has other headings than the document it translates: {ours}, not {theirs}")
    return {anchor_of(own): anchor_of(heading) for own, heading in zip(ours, theirs, strict=True)}


def headings_of(text: str) -> list[str]:
    """Return the headings of a document, with their signs."""
    return [heading for part in _CODE.split(text)[::2] for heading in _HEADING.findall(part)]


def anchor_of(heading: str) -> str:
    """Return the anchor that a heading gets in the repository, where letters of all scripts stay."""
    words = re.sub(r"[^\w\- ]", "", heading.lstrip("# ").strip().lower())
    return words.replace(" ", "-")


def place_of(path: Path) -> PurePosixPath:
    """Return where a file of the project lies in the site."""
    relative = PurePosixPath(path.relative_to(ROOT).as_posix())
    if relative.parts[0] == "docs":
        return PurePosixPath(*relative.parts[1:])
    if relative.name in ("README.md", "README.ko.md") and len(relative.parts) == 1:
        return PurePosixPath(relative.name.replace("README", "index"))
    if relative.suffix in (".md", *_AS_THEY_ARE):
        return "project" / relative
    # A second dot would stand before the name of a language.
    return PurePosixPath("project", *relative.parts[:-1], f"{relative.name.replace('.', '_')}.md")


def _as_page(path: Path) -> str:
    """Text of a file outside docs/ as a page: programs in a block of code, documents without their links."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return _LINK.sub("]", text)
    language = {".py": "python", ".toml": "toml"}.get(path.suffix, "text")
    return f"# {path.name}\n\n`{path.relative_to(ROOT).as_posix()}`\n\n```{language}\n{text}\n```\n"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    assemble(Path(sys.argv[1]).resolve())
