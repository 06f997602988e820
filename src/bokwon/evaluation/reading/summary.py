"""From readings of single pairs to rates: how many characters a restoration gives back, and how many it invents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bokwon.evaluation.reading.errors import Edits, add_edits, recovered
from bokwon.evaluation.reading.legibility import CLEAN, DAMAGED
from bokwon.evaluation.report.statistics import interval
from bokwon.synthesis.masks.bins import BINS

__all__ = ["summarise_reading"]


def summarise_reading(
    found: Mapping[int, Mapping[str, Any]], pairs: Sequence[Mapping[str, Any]], names: Sequence[str]
) -> dict[str, Any]:
    """Sum up the readings: over all pairs, by reader and by bin.

    Args:
        found: What `read_pairs` returns.
        pairs: Records of the pairs with `number`, `bin` and `image`.
        names: The methods, the one of interest first.

    Returns:
        `pairs` that were read; `without_text`, the number of those with nothing to read; `unreadable`, of those whose
        undamaged crop no reader can read; `known`, how many of `pairs` have a known text; and `rows`: for all, for each
        reader where there are several, and for each bin, by picture, the rates and what was recovered, and `against`,
        the first method beside each other one; and `characters` where their places are known: the number of `pairs`,
        and the sums of what `count_characters` returns by picture.
    """
    entries = [(pair, found[pair["number"]]) for pair in pairs if pair["number"] in found]
    chosen = [(pair, entry) for pair, entry in entries if entry["readable"]]
    groups: list[tuple[dict[str, Any], list[tuple[Any, Any]]]] = [({"bin": None, "reader": None}, chosen)]
    readers = sorted({str(entry["reader"]) for _, entry in chosen})
    if len(readers) > 1:
        groups += [({"bin": None, "reader": r}, [one for one in chosen if one[1]["reader"] == r]) for r in readers]
    groups += [({"bin": b, "reader": None}, [one for one in chosen if one[0]["bin"] == b]) for b in BINS]
    return {
        "readers": readers,
        "pairs": len(chosen),
        "without_text": len(pairs) - len(entries),
        "unreadable": len(entries) - len(chosen),
        "known": sum(bool(entry["known"]) for _, entry in chosen),
        "rows": [{**about, **_row(mine, names)} for about, mine in groups if mine],
        "characters": _characters([entry["characters"] for _, entry in chosen if "characters" in entry]),
    }


def _characters(entries: Sequence[Mapping[str, Mapping[str, Mapping[str, int]]]]) -> dict[str, Any]:
    pictures = {
        name: {
            group: {key: sum(entry[name][group][key] for entry in entries) for key in counts}
            for group, counts in groups.items()
        }
        for name, groups in (entries[0].items() if entries else ())
    }
    return {"pairs": len(entries), "pictures": pictures}


def _row(chosen: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]], names: Sequence[str]) -> dict[str, Any]:
    readings = [entry["readings"] for _, entry in chosen]
    images = [str(pair["image"]) for pair, _ in chosen]
    return {
        "pairs": len(chosen),
        "pictures": _rates(readings),
        "against": [_against(readings, images, names[0], other) for other in names[1:]],
    }


def _rates(readings: Sequence[Mapping[str, Mapping[str, int]]]) -> dict[str, dict[str, float | int | None]]:
    sums = {name: add_edits([Edits(**reading[name]) for reading in readings]) for name in readings[0]}
    rates: dict[str, dict[str, float | int | None]] = {}
    for name, edits in sums.items():
        won = recovered(sums[CLEAN].rate, sums[DAMAGED].rate, edits.rate)
        restored = name not in (CLEAN, DAMAGED)
        rates[name] = {
            "characters": edits.length,
            "cer": round(edits.rate, 5),
            "substituted": round(edits.substituted / edits.length, 5),
            "inserted": round(edits.inserted / edits.length, 5),
            "missing": round(edits.missing / edits.length, 5),
            "recovered": None if won is None or not restored else round(won, 5),
            "recovered_characters": _wrong(sums[DAMAGED]) - _wrong(edits) if restored else None,
        }
    return rates


def _against(
    readings: Sequence[Mapping[str, Mapping[str, int]]], images: Sequence[str], first: str, other: str
) -> dict[str, Any]:
    """Return how many times as many characters the first method recovers, how many fewer it invents, and how often.

    How often is counted in crops: one crop in which a reader loses the layout weighs more in characters than many.
    """
    columns = [
        [_wrong(Edits(**reading[DAMAGED])) - _wrong(Edits(**reading[name])) for reading in readings]
        for name in (first, other)
    ]
    invented = [
        [Edits(**reading[name]).substituted + Edits(**reading[name]).inserted for reading in readings]
        for name in (first, other)
    ]
    lengths = [reading[CLEAN]["length"] for reading in readings]
    fewer = [theirs - ours for ours, theirs in zip(*invented, strict=True)]
    return {
        "other": other,
        "times_recovered": _times(columns[0], columns[1], images),
        "fewer_invented": interval(fewer, images, lengths).record(),
        "crops_with_fewer_errors": sum(ours > theirs for ours, theirs in zip(*columns, strict=True)),
        "crops_with_more_errors": sum(ours < theirs for ours, theirs in zip(*columns, strict=True)),
    }


def _times(ours: Sequence[int], theirs: Sequence[int], images: Sequence[str]) -> dict[str, float | None]:
    if sum(theirs) > 0:
        return interval(ours, images, theirs).record()
    # None for infinity, which JSON does not have.
    return {"mean": None if sum(ours) > 0 else 0.0, "low": None, "high": None}


def _wrong(edits: Edits) -> int:
    return edits.substituted + edits.inserted + edits.missing
