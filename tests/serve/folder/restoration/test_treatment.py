"""The treatment report: it is kept up to date, and shows what was decided and when."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from bokwon.serve.folder.restoration import treatment
from bokwon.serve.folder.summary import STATES
from tests.serve.folder.conftest import PATIENCE, Opened

BOX = (10, 10, 30, 30)


def decide(opened: Opened, address: str, decision: str) -> str:
    told = opened.client.post(address + "/decision", json={"decision": decision}).json()
    return datetime.fromisoformat(told["decided"]).astimezone().strftime("%Y-%m-%d %H:%M")


def row(html: str, name: str) -> str:
    """Return the row of a page that is not restored."""
    found = re.search(rf"<tr><td>{name}</td><td>(.*?)</td></tr>", html)
    assert found is not None
    return found[1]


def test_every_page_is_told_with_what_was_decided_and_when(opened: Opened) -> None:
    for name in ("a.png", "b.jpg"):
        opened.draw(opened.page(name), BOX)
        opened.run(opened.page(name) + "/restore")
    opened.draw(opened.page("c.tif", 2), BOX)
    when = decide(opened, opened.page("a.png"), "approve")
    decide(opened, opened.page("c.tif", 0), "approve")
    decide(opened, opened.page("c.tif", 1), "undamaged")
    decide(opened, opened.page("c.tif", 2), "approve")
    html = opened.client.get("folder/report").text
    # Each of the two restored pages shows its own decision.
    first, second = html.split("<article")[1:]
    assert f"approved, {when}" in first
    assert f"승인함, {when}" in first
    assert "not yet" in second
    for name, words in (
        ("c.tif 1/3", f"approved as it is, {when}"),
        ("c.tif 2/3", f"no damage, {when}"),
        ("c.tif 3/3", "not yet: only the mask is approved"),
    ):
        assert words in row(html, name), name
    numbers = dict(re.findall(r'<th><span lang="en">([^<]*)</span>.*?</th><td>([^<]*)</td>', html))
    assert (numbers["Approved pages"], numbers["Pages approved as they are"]) == ("1", "1")
    assert (numbers["Pages not approved yet"], numbers["Undamaged pages"]) == ("2", "1")
    # The mask has changed since.
    opened.draw(opened.page("a.png"), (50, 50, 60, 60))
    assert "not yet: the mask changed after the restoration" in opened.client.get("folder/report").text


def test_a_folder_of_sound_pages_has_a_report_too(opened: Opened) -> None:
    assert opened.client.get("folder/report").status_code == 404
    decide(opened, opened.page("a.png"), "approve")
    assert opened.client.get("folder").json()["reported"] is True
    assert "approved as it is" in row(opened.client.get("folder/report").text, "a.png")


def test_the_file_is_up_to_date_without_being_asked_for(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(treatment, "_AFTER", 0.05)
    opened.workspace.on_change = opened.desk.restoring.treatment.touch
    path = opened.folder / "restored" / "report.html"

    def until(text: str) -> None:
        end = time.monotonic() + PATIENCE
        while not path.is_file() or text not in path.read_text(encoding="utf-8"):
            assert time.monotonic() < end
            time.sleep(0.02)

    opened.draw(opened.page("a.png"), BOX)
    opened.run(opened.page("a.png") + "/restore")
    until("bokwon undo a.png.record a.png")
    decide(opened, opened.page("a.png"), "approve")
    until("승인함, ")
    opened.draw(opened.page("a.png"), (50, 50, 60, 60))
    until("the mask changed after the restoration")


def test_the_file_is_up_to_date_when_the_server_has_ended(scans: Path, open_folder: Callable[..., Opened]) -> None:
    opened = open_folder(scans)
    opened.draw(opened.page("a.png"), BOX)
    opened.run(opened.page("a.png") + "/restore")
    decide(opened, opened.page("a.png"), "approve")
    opened.close()
    assert "승인함, " in (scans / "restored" / "report.html").read_text(encoding="utf-8")


def test_every_state_has_its_words() -> None:
    assert set(treatment._WORDS) == set(STATES)
