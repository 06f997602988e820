"""Blind comparison of two methods at a time, the paper's user study for anyone: a sheet, its key, and the tally."""

from __future__ import annotations

import json
import string
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from bokwon.errors import ArgumentError, FileAccessError, InputFileError, importing
from bokwon.evaluation.data.pairs import load_pair
from bokwon.evaluation.measure.benchmark import Task, restored_picture
from bokwon.evaluation.measure.journal import open_new_folder, write_text
from bokwon.evaluation.report.page import png_source
from bokwon.image_io.output_formats import png_of
from bokwon.utilities.checksums import key_of

__all__ = ["ANSWERS", "Tally", "Trial", "choose_trials", "exact_interval", "format_tally", "tally", "write_blind"]

ANSWERS = ("left", "right", "same")
_TRIALS = 40
"""Trials for each other method: some twenty minutes of a person's time for two of them."""


@dataclass(frozen=True)
class Trial:
    """One question: which of two pictures is better?

    Attributes:
        pair: Number of the pair.
        image: Its image.
        left: Method of the left image.
        right: The other one.
    """

    pair: int
    image: str
    left: str
    right: str


def choose_trials(pairs: Sequence[Mapping[str, Any]], names: Sequence[str], seed: int) -> list[Trial]:
    """Choose pairs, sides and order at random.

    Args:
        pairs: Records with `number` and `image`.
        names: The methods; the first is compared with each of the others.
        seed: Of all choices.

    Returns:
        Up to 40 trials for each other method, in random order, with as many different images as possible.

    Raises:
        ArgumentError: There is only one method, or no pair.
    """
    if len(names) < 2 or not pairs:
        raise ArgumentError("there is nothing to compare", "measure at least two methods on at least one pair")
    rng = np.random.default_rng(seed)
    trials = []
    for other in names[1:]:
        shuffled = [pairs[int(place)] for place in rng.permutation(len(pairs))]
        seen: Counter[str] = Counter()
        turns = []
        for pair in shuffled:
            turns.append(seen[pair["image"]])
            seen[pair["image"]] += 1
        # Every image once before any comes again.
        chosen = [shuffled[place] for place in np.argsort(turns, kind="stable")[:_TRIALS]]
        for pair in chosen:
            left, right = (names[0], other) if rng.random() < 0.5 else (other, names[0])
            trials.append(Trial(int(pair["number"]), str(pair["image"]), left, right))
    return [trials[int(place)] for place in rng.permutation(len(trials))]


def write_blind(out: Path, results: Mapping[str, Any], tasks: Mapping[tuple[int, str], Task], seed: int) -> None:
    """Write a sheet that does not name the methods, and a key that does.

    Args:
        out: A new or empty folder. `sheet.html` is for those who judge, `key.json` for the person who counts.
        results: What `results.json` holds.
        tasks: Task of each pair's number and method's name.
        seed: Of pairs, sides and order.

    Raises:
        ArgumentError: There is only one method, or no pair.
        OutputExistsError: The folder holds files.
        FileAccessError: It cannot be written.
    """
    names = [method["name"] for method in results["methods"]]
    trials = choose_trials(results["pairs"], names, seed)
    open_new_folder(out)
    records = [vars(trial) for trial in trials]
    sheet = key_of([records, seed])
    key = {"sheet": sheet, "seed": seed, "first": names[0], "trials": records}
    write_text(out / "key.json", [json.dumps(key, indent=1), "\n"])
    write_text(out / "sheet.html", [_PAGE.substitute(sheet=escape(sheet), trials=_questions(trials, tasks))])


def _questions(trials: Sequence[Trial], tasks: Mapping[tuple[int, str], Task]) -> str:
    parts = []
    for number, trial in enumerate(trials):
        pictures = []
        for name in (trial.left, trial.right):
            task = tasks[trial.pair, name]
            truth, hole = load_pair(task.pair, task.folders.images, task.folders.masks)
            pictures.append(f'<img alt="" src="{png_source(png_of(restored_picture(task, truth, hole)))}">')
        buttons = "".join(
            f'<label><input type="radio" name="{number}" value="{answer}"> {text}</label>'
            for answer, text in zip(ANSWERS, ("left is better", "right is better", "no difference"), strict=True)
        )
        parts.append(
            f"<fieldset><legend>{number + 1} of {len(trials)}</legend>"
            f'<div class="two">{"".join(pictures)}</div><p>{buttons}</p></fieldset>'
        )
    return "\n".join(parts)


_PAGE = string.Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Which picture is better?</title><style>
body{max-width:1120px;margin:24px auto;padding:0 16px;font:16px/1.5 sans-serif;background:#fff;color:#1b1b1b}
fieldset{border:1px solid #ccc;margin:0 0 28px;padding:12px}
.two{display:grid;grid-template-columns:1fr 1fr;gap:12px}
.two img{width:100%;image-rendering:auto}
label{margin-right:24px}
</style></head><body>
<h1>Which picture is better?</h1>
<p>Each question shows one damaged picture, restored in two ways. Choose the one that looks more like an undamaged
original. Take as long as you like. Then save your answers and send the file to who asked you.</p>
<form id="form" data-sheet="$sheet">
$trials
<p><button type="submit">Save my answers</button> <span id="left"></span></p>
</form>
<script>
document.getElementById("form").addEventListener("submit", event => {
  event.preventDefault();
  const form = event.target, answers = {};
  for (const [name, value] of new FormData(form)) answers[name] = value;
  const open = form.querySelectorAll("fieldset").length - Object.keys(answers).length;
  document.getElementById("left").textContent = open ? open + " questions have no answer yet" : "";
  const file = new Blob([JSON.stringify({sheet: form.dataset.sheet, answers}, null, 1)], {type: "application/json"});
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = "answers.json";
  link.click();
});
</script></body></html>
""")


@dataclass(frozen=True)
class Tally:
    """Votes for the first method and for another one.

    Attributes:
        first: The method of interest.
        other: The other one.
        better: Answers for the first.
        same: Answers that see no difference.
        worse: Answers for the other.
        images: Images with more answers for one method than for the other.
        preferred: Of these, images with more answers for the first method.
        low: Lower limit of the share of such images, exact 95 % interval.
        high: Upper limit.
    """

    first: str
    other: str
    better: int
    same: int
    worse: int
    images: int
    preferred: int
    low: float
    high: float


def tally(key: Path, answers: Sequence[Path]) -> list[Tally]:
    """Count answers.

    All answers on one image count as one vote, because they are not independent: those of several people, and those on
    several of its pairs. Images without a majority are left out of the share.

    Args:
        key: `key.json` of the comparison.
        answers: Files that people saved.

    Returns:
        One tally for each other method.

    Raises:
        FileAccessError: A file cannot be read.
        InputFileError: A file is not a key or not answers, or the answers belong to another sheet.
        MissingDependencyError: scipy is not installed.
    """
    asked = _read(key, "trials", "name the key.json of the comparison")
    trials = [Trial(**record) for record in asked["trials"]]
    first = str(asked["first"])
    votes: dict[str, dict[str, Counter[str]]] = {}
    for path in answers:
        given = _read(path, "answers", "name files that were saved from sheet.html")
        if given.get("sheet") != asked["sheet"]:
            raise InputFileError(f"{path} has answers to another sheet than {key}", "leave it out")
        for number, answer in given["answers"].items():
            if not (number.isdecimal() and int(number) < len(trials) and answer in ANSWERS):
                raise InputFileError(f"{path} holds the answer {answer!r} to question {number!r}", "save it again")
            trial = trials[int(number)]
            other = trial.right if trial.left == first else trial.left
            chosen = "same" if answer == "same" else "better" if getattr(trial, answer) == first else "worse"
            votes.setdefault(other, {}).setdefault(trial.image, Counter())[chosen] += 1
    return [_count(first, other, by_image) for other, by_image in votes.items()]


def _count(first: str, other: str, by_image: Mapping[str, Counter[str]]) -> Tally:
    total: Counter[str] = sum(by_image.values(), Counter())
    margins = [votes["better"] - votes["worse"] for votes in by_image.values()]
    preferred, decided = sum(margin > 0 for margin in margins), sum(margin != 0 for margin in margins)
    limits = exact_interval(preferred, decided)
    return Tally(first, other, total["better"], total["same"], total["worse"], decided, preferred, *limits)


def exact_interval(hits: int, trials: int) -> tuple[float, float]:
    """Return the exact 95 % interval of a share.

    Args:
        hits: Number of hits.
        trials: Number of trials; for 0 the interval is 0 to 1.

    Raises:
        MissingDependencyError: scipy is not installed.

    Source: Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial",
        Biometrika 26, 1934.
    """
    with importing("intervals need scipy", "pip install 'bokwon[eval]'"):
        from scipy.special import betaincinv
    low = float(betaincinv(hits, trials - hits + 1, 0.025)) if hits else 0.0
    high = float(betaincinv(hits + 1, trials - hits, 0.975)) if hits < trials else 1.0
    return low, high


def format_tally(found: Sequence[Tally]) -> str:
    """Return tallies as a table in Markdown."""
    lines = [
        "| | answers: better | no difference | worse | images decided | preferred on [95 %] |",
        "|---|---|---|---|---|---|",
    ]
    for one in found:
        share = "-" if not one.images else f"{100 * one.preferred / one.images:.0f} %"
        lines.append(
            f"| {one.first} against {one.other} | {one.better} | {one.same} | {one.worse} | {one.images} | "
            f"{share} [{100 * one.low:.0f}, {100 * one.high:.0f}] |"
        )
    return "\n".join(lines) + "\n"


def _read(path: Path, part: str, fix: str) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileAccessError(f"{path} cannot be read: {error.strerror or error}", fix) from error
    except ValueError as error:
        raise InputFileError(f"{path} is not JSON: {error}", fix) from error
    expected = {"trials": list, "answers": dict}[part]
    if not isinstance(found, dict) or "sheet" not in found or not isinstance(found.get(part), expected):
        raise InputFileError(f"{path} holds no {part} of a blind comparison", fix)
    return found
