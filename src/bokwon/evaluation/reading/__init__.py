"""What can be read before and after."""

from bokwon.evaluation.reading.errors import Edits, add_edits, count_edits, normalise, recovered
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
    "READABLE",
    "Edits",
    "KnownLine",
    "RapidReader",
    "Reader",
    "TesseractReader",
    "add_edits",
    "count_edits",
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
