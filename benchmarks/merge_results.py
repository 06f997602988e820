"""Puts methods that were measured anew in front of those of an earlier report on the very same pairs.

    python benchmarks/merge_results.py EARLIER.json NEW.json OUT.json [--methods NAME,...]

The classical methods take most of an evaluation and do not change. OUT has the methods of NEW, then those of EARLIER
that are named by --methods, by default all that NEW lacks; every summary is computed anew. Files of pairs, windows and
the versions of libraries have to agree; the costs are those of each one's run.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from summarise_again import summarise_again

from bokwon.evaluation.report.results import read_results, to_json

_PAIR = ("number", "bin", "border", "image_sha256", "mask_sha256", "window", "ratio")


def merge(earlier: Mapping[str, Any], new: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    """Return `new` with the named methods of `earlier` behind its own."""
    different = [
        key
        for key, value in earlier["versions"].items()
        if new["versions"].get(key, value) != value and key != "bokwon"
    ]
    if different:
        raise SystemExit(f"measured with other versions of {', '.join(different)}")
    pairs = []
    by_number = {pair["number"]: pair for pair in earlier["pairs"]}
    for pair in new["pairs"]:
        before = by_number.get(pair["number"])
        if before is None or [pair[key] for key in _PAIR] != [before[key] for key in _PAIR]:
            raise SystemExit(f"pair {pair['number']} is another one")
        both = {**pair, "methods": {**pair["methods"], **{name: before["methods"][name] for name in names}}}
        if pair.get("reading"):
            both["reading"] = with_readings(pair["reading"], before["reading"], names)
        pairs.append(both)
    methods = [*new["methods"], *(method for name in names for method in earlier["methods"] if method["name"] == name)]
    reported = {
        **new,
        "settings": {**new["settings"], "methods": [method["name"] for method in methods]},
        "methods": methods,
        "pairs": pairs,
    }
    return summarise_again(reported)


def with_readings(new: Mapping[str, Any], earlier: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    """Return what was read of a pair with what was read earlier behind it."""
    ours, theirs = new["readings"], earlier["readings"]
    told = [key for key in new if key != "readings"]
    # The undamaged and the damaged crop were read in both; a method may be another by now.
    crops = "undamaged", "damaged"
    if any(new[key] != earlier[key] for key in told) or any(ours.get(crop) != theirs.get(crop) for crop in crops):
        raise SystemExit("a pair was read in another way")
    return {**new, "readings": {**ours, **{name: theirs[name] for name in names if name in theirs}}}


def main() -> None:
    """Merge two reports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("earlier", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--methods")
    options = parser.parse_args()
    earlier, new = read_results(options.earlier), read_results(options.new)
    measured = {method["name"] for method in new["methods"]}
    names = [method["name"] for method in earlier["methods"] if method["name"] not in measured]
    if options.methods:
        wanted = options.methods.split(",")
        if not set(wanted) <= set(names):
            raise SystemExit(f"{options.earlier} has these that {options.new} lacks: {', '.join(names)}")
        names = wanted
    options.out.write_text("".join(to_json(merge(earlier, new, names))))


if __name__ == "__main__":
    main()
