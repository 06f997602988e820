"""Which pages a job on the folder handles, and why it skips the others: planned before, counted after."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from tests.serve.folder.conftest import BLUE, PAPER, RED, Opened, noise, scan

BOX = (10, 10, 30, 30)


def open_many(tmp_path: Path, open_folder: Callable[..., Opened], **options: Any) -> Opened:
    """Open a folder with a page for each reason."""
    folder = tmp_path / "scans"
    folder.mkdir()
    for number in range(8):
        Image.fromarray(noise(number)).save(folder / f"{number}.png")
    (folder / "9.png").write_bytes(b"no picture")
    opened = open_folder(folder, **options)

    def decide(number: int, decision: str) -> None:
        opened.client.post(opened.page(f"{number}.png") + "/decision", json={"decision": decision})

    for number in (1, 2, 3, 4, 5):
        opened.draw(opened.page(f"{number}.png"), BOX)
    for number in (2, 3):
        opened.run(opened.page(f"{number}.png") + "/restore")
    decide(3, "approve")
    decide(4, "approve")
    decide(5, "reject")
    decide(6, "undamaged")
    decide(7, "approve")
    # The server tries to read the file when somebody opens the page.
    opened.facts(opened.page("9.png"))
    return opened


SKIPPED = {"nothing marked": 1, "approved": 2, "needs a look": 1, "undamaged": 1, "unreadable": 1}


def test_what_is_planned_is_what_is_done(tmp_path: Path, open_folder: Callable[..., Opened]) -> None:
    opened = open_many(tmp_path, open_folder)
    planned = opened.client.get("folder/restore").json()
    assert planned == {
        "approved": {"pages": 1, "skipped": {**SKIPPED, "mask not approved": 2}},
        "found": {"pages": 2, "skipped": {**SKIPPED, "restored": 1}},
        "all": {"pages": 3, "skipped": SKIPPED},
    }
    for only in ("approved", "found", "all"):
        before = opened.client.get("folder/restore").json()[only]
        told = opened.run("folder/restore", {"only": only})["outcome"]
        assert told == {
            "done": {"restored": before["pages"]},
            "skipped": before["skipped"],
            "failed": 0,
            "failures": [],
        }
    assert opened.facts(opened.page("3.png"))["state"] == "approved"
    # A page whose mask has changed counts as not restored.
    opened.draw(opened.page("2.png"), (50, 50, 60, 60))
    assert opened.client.get("folder/restore").json()["found"]["pages"] == 1
    opened.run("folder/restore")
    assert opened.facts(opened.page("2.png"))["state"] == "restored"


def test_nothing_to_restore_is_told_with_its_reasons(opened: Opened) -> None:
    told = opened.run("folder/restore")["outcome"]
    assert told == {"done": {}, "skipped": {"nothing marked": 5}, "failed": 0, "failures": []}


def test_every_file_that_fails_is_told_with_its_remedy(opened: Opened) -> None:
    for name, index in (("a.png", 0), ("b.jpg", 0), ("c.tif", 0), ("c.tif", 1)):
        opened.draw(opened.page(name, index), BOX)
    for name in ("a.png", "c.tif"):
        (opened.folder / "restored" / name).mkdir(parents=True)
    told = opened.run("folder/restore")["outcome"]
    assert (told["done"], told["failed"]) == ({"restored": 1}, 3)
    assert [(one["name"], bool(one["problem"]["detail"] and one["problem"]["fix"])) for one in told["failures"]] == [
        ("a.png", True),
        ("c.tif", True),
    ]
    assert opened.facts("pages/" + told["failures"][0]["page"])["state"] == "failed"


def test_only_what_is_certain_is_planned_too(
    tmp_path: Path, open_folder: Callable[..., Opened], write_colour_key: Callable[..., Path]
) -> None:
    folder = tmp_path / "scans"
    for name, colour in (("sure", RED), ("unsure", BLUE), ("sound", PAPER)):
        scan(folder / f"{name}.png", ((20, 20, 100, 30), colour))
    curve = {"scratch": [[0, 0], [1, 0.6]]}
    opened = open_folder(folder, detector=write_colour_key(tmp_path / "key.onnx", calibration=curve))
    told = opened.run("folder/detect")["outcome"]
    assert told == {"done": {"found": 1, "uncertain": 1, "undamaged": 1}, "skipped": {}, "failed": 0, "failures": []}
    told = opened.run("folder/detect")["outcome"]
    assert (told["done"], told["skipped"]) == ({}, {"marked": 1, "searched": 2})
    # With a lower threshold, regions that were not marked yet are restored, too.
    planned = opened.client.get("folder/restore").json()["found"]
    assert planned == {"pages": 1, "skipped": {"uncertain": 1, "undamaged": 1}}
    assert opened.client.get("folder/restore?certain=0.5").json()["found"]["pages"] == 2
    opened.run(opened.page("unsure.png") + "/detect", {"threshold": 0.5})
    planned = opened.client.get("folder/restore?certain=0.9").json()
    assert planned["found"] == {"pages": 1, "skipped": {"undamaged": 1, "nothing certain": 1}}
    assert opened.run("folder/restore", {"certain": 0.9})["outcome"]["done"] == {"restored": 1}
    for query in ("certain=2", "certain=x"):
        assert opened.client.get(f"folder/restore?{query}").status_code == 422
    assert opened.client.post("folder/restore", json={"only": "approved", "certain": 0.9}).status_code == 422
