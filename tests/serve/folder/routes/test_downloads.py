"""Downloads: whole files, and everything as a zip file that is made while it is sent."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from bokwon.serve.folder.routes.downloads import zip_stream
from tests.serve.conftest import picture_of
from tests.serve.folder.conftest import Opened, box_hole

BOX = (10, 10, 30, 30)


def zip_of(data: bytes) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.testzip() is None
    return archive


def test_a_page_leaves_with_everything(opened: Opened) -> None:
    address = opened.page("a.png")
    for what in ("restored", "mask", "record"):
        assert opened.client.get(f"{address}/download?what={what}").status_code == 404
    opened.draw(address, BOX)
    opened.run(address + "/restore")
    answer = opened.client.get(address + "/download?what=restored")
    assert answer.content == (opened.folder / "restored" / "a.png").read_bytes()
    assert answer.headers["content-disposition"].startswith('attachment; filename="a.png"')
    assert answer.headers["content-type"] == "image/png"
    mask = opened.client.get(address + "/download?what=mask")
    assert (picture_of(mask.content) == box_hole(BOX)).all()
    assert 'filename="a_mask.png"' in mask.headers["content-disposition"]
    record = zip_of(opened.client.get(address + "/download?what=record").content)
    folder = opened.folder / "restored" / "a.png.record"
    assert {name: record.read(name) for name in record.namelist()} == {
        f"a.png.record/{path.name}": path.read_bytes() for path in folder.iterdir()
    }
    assert opened.client.get(address + "/download?what=all").status_code == 422


def test_the_folder_leaves_with_everything(opened: Opened) -> None:
    for name in ("a.png", "b.jpg"):
        opened.draw(opened.page(name), BOX)
        opened.run(opened.page(name) + "/restore")
    opened.draw(opened.page("c.tif", 1), BOX)
    opened.client.post(opened.page("a.png") + "/decision", json={"decision": "approve"})
    secret = opened.folder.parent / "secret.txt"
    secret.write_text("secret")
    (opened.folder / "restored" / "link.txt").symlink_to(secret)
    (opened.folder / "restored" / ".bokwon-0-1.part").write_bytes(b"unfinished")
    answer = opened.client.get("folder/download")
    archive = zip_of(answer.content)
    names = set(archive.namelist())
    assert {"restored/a.png", "restored/b.jpg", "restored/report.jsonl", "restored/review.jsonl"} <= names
    assert b"Treatment report" in archive.read("restored/report.html")
    assert {"masks/a_mask.png", "masks/b_mask.png", "masks/c_mask_p002.png"} <= names
    assert "restored/a.png.record/record.json" in names
    assert not any("link" in name or "part" in name or "sqlite" in name for name in names)
    assert archive.read("restored/a.png") == (opened.folder / "restored" / "a.png").read_bytes()
    assert 'filename="scans-restored.zip"' in answer.headers["content-disposition"]


def test_the_treatment_report_shows_what_was_done(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    assert opened.client.get("folder").json()["reported"] is False
    assert opened.client.get("folder/report").status_code == 404
    for name in ("a.png", "b.jpg"):
        opened.draw(opened.page(name), BOX)
        opened.run(opened.page(name) + "/restore")
    opened.client.post(opened.page("a.png") + "/decision", json={"decision": "approve"})
    assert opened.client.get("folder").json()["reported"] is True
    answer = opened.client.get("folder/report")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert 'filename="scans-report.html"' in answer.headers["content-disposition"]
    text = answer.text
    for told in ("a.png", "b.jpg", "Approved pages", "복원 처리 보고서", "bokwon undo a.png.record a.png"):
        assert told in text
    # The file stands for itself: its pictures are in it.
    assert text.count("data:image/jpeg;base64,") >= 4
    assert answer.content == (opened.folder / "restored" / "report.html").read_bytes()
    # A long one has several pages.
    monkeypatch.setattr("bokwon.batch.treatment.report.FILLED_A_PAGE", 1)
    archive = zip_of(opened.client.get("folder/report").content)
    assert {"report.html", "report_files/report-0002.html", "report_files/b.jpg/p001-0.jpg"} <= set(archive.namelist())


def test_a_zip_file_is_made_piece_by_piece(tmp_path: Path) -> None:
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(range(256)) * 8192)
    text = tmp_path / "책.json"
    text.write_text("{}" * 1000)
    files = [(large, "large.bin"), (tmp_path / "gone", "gone"), (text, "책.json")]
    pieces = list(zip_stream(files))
    assert max(map(len, pieces)) < large.stat().st_size // 2
    archive = zip_of(b"".join(pieces))
    assert archive.namelist() == ["large.bin", "책.json"]
    assert archive.read("large.bin") == large.read_bytes()
    assert archive.read("책.json") == text.read_bytes()
    assert archive.getinfo("책.json").compress_size < 200
