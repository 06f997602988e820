"""The words of the treatment report, in English and Korean."""

from __future__ import annotations

from bokwon.batch.journal import Status
from bokwon.provenance.forms.zones import label_of
from bokwon.types import DAMAGE_KINDS, DETECTOR_CLASSES

__all__ = ["FAULTS", "MATERIALS", "STATUS", "kind_words"]

Words = tuple[str, str]
"""English and Korean."""

STATUS: dict[Status, Words] = {
    "restored": ("restored", "복원함"),
    "undone": ("undone since", "복원 뒤 되돌림"),
    "unchanged": ("unchanged: the mask is empty", "변경 없음: 마스크가 비어 있음"),
    "undamaged": ("no damage found", "찾은 훼손 없음"),
    "uncertain": (
        "damage was found, but with too little confidence to be filled: see OUT.uncertain.png",
        "훼손을 찾았으나 확실하지 않아 메우지 않음: OUT.uncertain.png를 볼 것",
    ),
    "no mask": ("no mask: returned unchanged", "마스크 없음: 그대로 복사함"),
    "failed": ("failed", "실패"),
}
"""Of an entry of the run, in the order of the summary."""

MATERIALS: dict[str, Words] = {
    "page": ("a page", "문서"),
    "photo": ("a photograph", "사진"),
    "rubbing": ("a rubbing", "탁본"),
}
"""What a page was filled as."""

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


def kind_words(kind: str) -> Words:
    """Return a damage kind's name in both languages; a kind that is not known keeps its name."""
    return label_of(kind) if kind in DAMAGE_KINDS or kind in DETECTOR_CLASSES else (kind, kind)
