"""The terms of use of downloaded scans, as a text for the user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bokwon.iiif.manifest import Manifest
from bokwon.iiif.values import plain_text

__all__ = ["RIGHTS_FILE", "rights_text", "terms_lines", "title_of"]

RIGHTS_FILE = "rights.txt"
"""Name of the file beside the outputs."""


def title_of(manifest: Manifest) -> str:
    """Return the title of a manifest; its identifier if it has none."""
    return plain_text(manifest.title) or manifest.id


def rights_text(origins: Mapping[str, Any], scans: str) -> str:
    """Return the source and the terms of use of the scans of a folder, in English and Korean.

    Args:
        origins: Content of `iiif.json`; see `bokwon.provenance.origin.read_origins`.
        scans: Name of the folder of the scans.
    """
    pages = origins["pages"]
    lines = [f"Title (제목): {plain_text(origins['title']) or '-'}", f"From (출처): {origins['manifest']}"]
    if provider := plain_text(origins["provider"]):
        lines.append(f"Provider (제공 기관): {provider}")
    if pages:
        lines.append(
            f"Downloaded (내려받은 때): {max(str(page.get('time', '')) for page in pages)}, bokwon {origins['bokwon']}"
        )
    of_all = terms_lines(origins)
    lines += of_all or ["Rights (권리): not stated (적혀 있지 않음)"]
    of_pages: dict[tuple[str, ...], list[str]] = {}
    for page in pages:
        if (told := terms_lines(page)) and told != of_all:
            of_pages.setdefault(tuple(told), []).append(str(page.get("file")))
    for terms, files in of_pages.items():
        lines += ["", f"{', '.join(files)}:", *terms]
    lines += [
        "",
        f"The scans are in {scans}/. The images beside this file were restored from them; some pixels may be filled.",
        f"스캔은 {scans}/에 있습니다. 이 파일 옆의 이미지는 그 스캔을 복원한 것이며, 일부 화소를 메웠을 수 있습니다.",
    ]
    return "\n".join(lines) + "\n"


def terms_lines(told: Mapping[str, Any]) -> list[str]:
    """Return terms of use as lines of text; the required statement in all of its languages.

    Args:
        told: May have `rights` and `requiredStatement`.
    """
    lines = [f"Rights (권리): {url}" for url in told.get("rights", ())]
    if statement := told.get("requiredStatement"):
        label = plain_text(statement["label"]) or "Required statement (필수 문구)"
        lines += [f"{label}: {plain_text({language: texts})}" for language, texts in statement["value"].items()]
    return lines
