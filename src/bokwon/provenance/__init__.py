"""What was changed, on what evidence, and the way back: record, evidence map, overlay."""

from bokwon.provenance.evidence import Encoder, encoder_of, evidence_levels, shrink_hole
from bokwon.provenance.explain import draw_shrinking_mask
from bokwon.provenance.hole_list import Damage, describe_holes, read_damage
from bokwon.provenance.mark import Mark, add_mark, mark_of, remove_mark
from bokwon.provenance.overlay import draw_overlay
from bokwon.provenance.record import has_record, note_undone, put_back, read_record, record_folder
from bokwon.provenance.recorder import PageRecord, Recorder

__all__ = [
    "Damage",
    "Encoder",
    "Mark",
    "PageRecord",
    "Recorder",
    "add_mark",
    "describe_holes",
    "draw_overlay",
    "draw_shrinking_mask",
    "encoder_of",
    "evidence_levels",
    "has_record",
    "mark_of",
    "note_undone",
    "put_back",
    "read_damage",
    "read_record",
    "record_folder",
    "remove_mark",
    "shrink_hole",
]
