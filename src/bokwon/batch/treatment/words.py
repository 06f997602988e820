"""The words of the treatment report, in English and Korean."""

from __future__ import annotations

from bokwon.types import DAMAGE_KINDS, DetectorClass

__all__ = ["FAULTS", "STATUS", "kind_words"]

Words = tuple[str, str]
"""English and Korean."""

STATUS: dict[str, Words] = {
    "restored": ("restored", "복원함"),
    "undone": ("undone since", "복원 뒤 되돌림"),
    "unchanged": ("unchanged: the mask is empty", "변경 없음: 마스크가 비어 있음"),
    "undamaged": ("no damage found", "훼손을 찾지 못함"),
    "no mask": ("no mask: returned unchanged", "마스크 없음: 그대로 둠"),
    "failed": ("failed", "실패"),
}
"""Of an entry of the run, in the order of the summary."""

FAULTS: dict[int, Words] = {
    1: ("The mask or an option does not fit", "마스크나 옵션이 맞지 않습니다"),
    2: ("The file is damaged or unreadable", "파일이 손상되었거나 읽을 수 없습니다"),
    3: ("Something is not installed", "설치되지 않은 것이 있습니다"),
    5: ("A file or folder cannot be used", "파일이나 폴더에 접근할 수 없습니다"),
    6: ("The output exists", "결과 파일이 이미 있습니다"),
    7: ("There was too little memory", "메모리가 부족했습니다"),
    8: ("It took longer than allowed", "제한 시간을 넘겼습니다"),
}
"""What an exit code means."""
OTHER_FAULT: Words = ("An unexpected error", "예상하지 못한 오류입니다")

_DETECTED: dict[DetectorClass, str] = {
    "missing paper": "결손",
    "tear": "찢김",
    "crease": "꺾임",
    "scratch": "긁힘",
    "abrasion": "마모",
    "hiding stain": "글을 가린 얼룩",
    "readable stain": "글이 보이는 얼룩",
    "film and dust": "필름 흠·먼지",
}


def kind_words(kind: str) -> Words:
    """Return a damage kind's name in both languages; the kind is one of `DAMAGE_KINDS` or of `DETECTOR_CLASSES`."""
    if kind in DAMAGE_KINDS:
        return DAMAGE_KINDS[kind].english, DAMAGE_KINDS[kind].korean
    return kind, next((korean for known, korean in _DETECTED.items() if known == kind), kind)
