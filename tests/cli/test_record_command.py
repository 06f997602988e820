"""`bokwon record export` on the record of a real restoration."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from bokwon.cli.main import main

HOLE = np.zeros((60, 90), bool)
HOLE[10:22, 10:30] = True


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    return int(caught.value.code or 0)


@pytest.fixture
def record(folder: Path) -> str:
    Image.fromarray(np.random.default_rng(1).integers(0, 256, HOLE.shape).astype(np.uint8)).save("page.png")
    assert run("restore", "page.png", "out.png", "--mask", "mask.png", "--method", "telea", "--record", "-q") == 0
    return "out.png.record"


@pytest.mark.parametrize(("form", "root"), [("premis", "premis"), ("alto", "alto"), ("pagexml", "PcGts")])
def test_xml_is_written_to_a_file_or_to_standard_output(
    record: str, form: str, root: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run("record", "export", record, "--as", form) == 0
    said = capsysbinary.readouterr()
    assert ElementTree.fromstring(said.out).tag.endswith("}" + root)
    assert said.err == b""
    assert run("record", "export", record, "--as", form, "--out", "out.xml") == 0
    assert Path("out.xml").read_bytes() == said.out
    assert capsysbinary.readouterr().err == f"bokwon: wrote out.xml: {form} of {record}\n".encode()


def test_csv_and_iiif_name_the_hole(record: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("record", "export", record, "--as", "csv", "-o", "out.csv", "-q") == 0
    assert capsys.readouterr().err == ""
    (line,) = csv.DictReader(io.StringIO(Path("out.csv").read_text()))
    assert (line["left"], line["top"], line["area"]) == ("10", "10", "240")
    assert run("record", "export", record, "--as", "iiif", "-o", "a.json") == 0
    assert "URLs begin with http://localhost:8000/; --base-url names another one" in capsys.readouterr().err
    choice = json.loads(Path("a.json").read_text())["items"][0]["items"][0]["items"][0]["body"]["items"]
    assert [item["id"] for item in choice] == ["http://localhost:8000/out.png", "http://localhost:8000/page.png"]
    assert run("record", "export", record, "--as", "iiif", "-o", "a.json", "--base-url", "https://a.example/b") == 0
    assert "note" not in capsys.readouterr().err
    assert json.loads(Path("a.json").read_text())["id"] == "https://a.example/b/out.png.manifest.json"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["page.png", "--as", "csv"], 2, "page.png is no record"),
        (["nothing.record", "--as", "csv"], 5, "cannot be read"),
        (["out.png.record", "--as", "csv", "--page", "2"], 1, "has no page 2; choose from 1"),
        (["out.png.record", "--as", "csv", "--base-url", "https://a.example"], 1, "--base-url is for a IIIF manifest"),
        (["out.png.record", "--as", "iiif", "--base-url", "archive"], 1, "--base-url archive is no URL"),
        (["out.png.record", "--as", "csv", "--out", "page.png", "--no-overwrite"], 6, "page.png"),
        (["out.png.record", "--as", "mets"], 1, "'mets'"),
    ],
)
def test_what_cannot_be_written_is_said(
    record: str, arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = Path("page.png").read_bytes()
    assert run("record", "export", *arguments) == code
    assert said in capsys.readouterr().err
    assert Path("page.png").read_bytes() == before


@pytest.mark.parametrize("form", ["alto", "pagexml"])
@pytest.mark.parametrize("holes", ["white", "black"])
def test_exported_zones_are_a_mask_of_the_same_holes(record: str, form: str, holes: str) -> None:
    path, text = f"{record}/record.json", Path(record, "record.json").read_text()
    Path(path).write_text(text.replace('"damage": null', '"damage": "insect"'))
    assert run("record", "export", record, "--as", form, "--out", "zones.xml", "-q") == 0
    command = ("restore", "page.png", "again.png", "--method", "telea", "--mask", "zones.xml", "--holes", holes)
    assert run(*command, "--record", "-q") == 0
    np.testing.assert_array_equal(np.array(Image.open("again.png")), np.array(Image.open("out.png")))
    again = json.loads(Path("again.png.record/record.json").read_text())["pages"][0]
    assert [hole["box"] for hole in again["holes"]] == [[10, 10, 20, 12]]
