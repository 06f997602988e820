from __future__ import annotations

import json
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

import pytest

from bokwon.batch import journal
from bokwon.batch.job import Job, Options
from bokwon.batch.journal import REPORT, Entry, Report, Shard, fingerprint
from bokwon.batch.mask_matching import Masks
from bokwon.errors import ArgumentError, FileAccessError
from bokwon.image_io.reader import Source
from bokwon.utilities.checksums import sha256_of


@pytest.fixture
def job(tmp_path: Path) -> Job:
    for name in ("page.png", "mask.png", "out.png"):
        (tmp_path / name).write_bytes(name.encode())
    return Job(Source.of(tmp_path / "page.png"), Masks(Source.of(tmp_path / "mask.png")), tmp_path / "out.png")


def finished(job: Job, **values: object) -> Entry:
    known = {"inputs": fingerprint(job), "sha256": sha256_of(b"out.png"), **values}
    return Entry(file="page.png", status="restored", messages=[], **known)  # type: ignore[arg-type]


def test_an_entry_is_one_line_and_comes_back(job: Job) -> None:
    entry = finished(job, error="복원", inputs={"image": [1, 2]})
    line = entry.to_json()
    assert "\n" not in line
    assert Entry.from_json(line) == entry
    # What a later version adds is passed by; what is cut off is none.
    assert Entry.from_json(json.dumps({**json.loads(line), "colour": "red"})) == entry
    assert Entry.from_json(line[:-5]) is None
    assert Entry.from_json("[]") is None


def test_a_name_that_is_no_utf8_is_escaped() -> None:
    line = Entry(file="page\udcff.png", status="failed").to_json()
    assert line.isascii()
    read = Entry.from_json(line)
    assert read is not None
    assert read.file == "page\udcff.png"


def test_a_fingerprint_tells_that_a_file_has_changed(job: Job, tmp_path: Path) -> None:
    before = fingerprint(job)
    assert set(before) == {"image", "mask"}
    assert before["image"][0] == len("page.png")
    (tmp_path / "mask.png").write_bytes(b"another mask")
    assert fingerprint(job)["mask"] != before["mask"]
    assert fingerprint(job)["image"] == before["image"]


def test_the_fingerprint_of_a_record_holds_what_tells_the_damage(job: Job, tmp_path: Path) -> None:
    (tmp_path / "mask.classes.png").touch()
    (tmp_path / "manifest.jsonl").touch()
    recorded = Job(job.source, Masks(job.masks.whole, damage={0: "tear"}), job.target, options=Options(record=True))
    names = {"image", "mask", "class map of mask", "manifest of mask", "damage"}
    assert set(fingerprint(recorded)) == names
    assert fingerprint(recorded)["damage"] == [[0, "tear"]]


def test_a_finished_file_is_known_again_only_as_it_was(job: Job, tmp_path: Path) -> None:
    with Report(tmp_path, "settings", resume=False) as report:
        report.add(finished(job))
        (written,) = report.finish(("page.png",))
    assert written.settings == "settings"
    with Report(tmp_path, "settings", resume=True) as report:
        assert report.done("page.png", job) == written
        assert report.done("other.png", job) is None
    with Report(tmp_path, "other settings", resume=True) as report:
        assert report.done("page.png", job) is None
    (tmp_path / "out.png").write_bytes(b"changed by hand")
    with Report(tmp_path, "settings", resume=True) as report:
        assert report.done("page.png", job) is None
    (tmp_path / "out.png").unlink()
    with Report(tmp_path, "settings", resume=True) as report:
        assert report.done("page.png", job) is None


def test_a_failed_file_is_tried_again(job: Job, tmp_path: Path) -> None:
    with Report(tmp_path, "settings", resume=False) as report:
        report.add(Entry(file="page.png", status="failed", code=2, inputs=fingerprint(job)))
    with Report(tmp_path, "settings", resume=True) as report:
        assert report.done("page.png", job) is None


def test_without_resume_earlier_entries_do_not_count_but_stay_until_the_end(job: Job, tmp_path: Path) -> None:
    with Report(tmp_path, "settings", resume=False) as report:
        report.add(finished(job))
    with Report(tmp_path, "settings", resume=False) as report:
        assert report.done("page.png", job) is None
    assert Entry.from_json((tmp_path / REPORT).read_text().splitlines()[0]) is not None


def test_two_runs_never_write_to_one_folder(tmp_path: Path) -> None:
    with Report(tmp_path, "settings", resume=False), pytest.raises(ArgumentError, match="another run"):
        Report(tmp_path, "settings", resume=False)
    with pytest.raises(FileAccessError):
        Report(tmp_path / "none", "settings", resume=False)


def test_shards_share_a_folder_and_a_whole_run_takes_over_what_they_did(job: Job, tmp_path: Path) -> None:
    first, second = Shard(1, 2), Shard(2, 2)
    with Report(tmp_path, "s", resume=False, shard=first) as one, Report(tmp_path, "s", resume=False, shard=second):
        one.add(finished(job))
        if sys.platform != "win32":
            with pytest.raises(ArgumentError, match="another run"):
                Report(tmp_path, "s", resume=True)
    assert (tmp_path / "report.1-of-2.jsonl").is_file()
    with Report(tmp_path, "s", resume=True) as whole:
        assert whole.done("page.png", job) is not None
        whole.finish(("page.png",))
    assert sorted(path.name for path in tmp_path.glob("report*")) == [REPORT]


def test_a_shard_goes_on_with_what_others_did_before(job: Job, tmp_path: Path) -> None:
    with Report(tmp_path, "s", resume=False, shard=Shard(1, 2)) as one:
        one.add(finished(job))
    with Report(tmp_path, "s", resume=True, shard=Shard(1, 3)) as other:
        assert other.done("page.png", job) is not None
    # What it takes over stays where it is: only a run of the whole folder tidies up.
    assert (tmp_path / "report.1-of-2.jsonl").is_file()


def test_every_file_is_in_one_shard() -> None:
    names = [f"leaf{number:03d}.png" for number in range(200)]
    shards = [Shard(number, 3) for number in (1, 2, 3)]
    assert all(sum(shard.has(name) for shard in shards) == 1 for name in names)
    assert all(sum(map(shard.has, names)) > 40 for shard in shards)


@pytest.mark.parametrize("text", ["3", "0/2", "3/2", "a/b", "1/", "-1/2", "1/0"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(ArgumentError, match="shard"):
        Shard.parse(text)


def test_the_report_is_closed_before_it_is_replaced(job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = []
    original = journal.replacing

    def replacing(path: Path) -> AbstractContextManager[BinaryIO]:
        closed.append(report._stream.closed)
        return original(path)

    monkeypatch.setattr(journal, "replacing", replacing)
    with Report(tmp_path, "s", resume=False) as report:
        report.add(finished(job))
        report.finish(("page.png",))
    assert closed == [True]
