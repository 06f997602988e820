"""What can be read before and after."""

from bokwon.evaluation.reading.characters import GROUPS, count_characters, hidden_shares
from bokwon.evaluation.reading.errors import Alignment, Edits, add_edits, align, count_edits, normalise, recovered
from bokwon.evaluation.reading.legibility import CLEAN, DAMAGED, READABLE, KnownLine, known_lines, read_pairs
from bokwon.evaluation.reading.readers import (
    RapidReader,
    Reader,
    TesseractReader,
    make_reader,
    make_readers,
    order_lines,
)
from bokwon.evaluation.reading.summary import summarise_reading
from bokwon.evaluation.reading.tables import reading_note, reading_tables

__all__ = [
    "CLEAN",
    "DAMAGED",
    "GROUPS",
    "READABLE",
    "Alignment",
    "Edits",
    "KnownLine",
    "RapidReader",
    "Reader",
    "TesseractReader",
    "add_edits",
    "align",
    "count_characters",
    "count_edits",
    "hidden_shares",
    "known_lines",
    "make_reader",
    "make_readers",
    "normalise",
    "order_lines",
    "read_pairs",
    "reading_note",
    "reading_tables",
    "recovered",
    "summarise_reading",
]
