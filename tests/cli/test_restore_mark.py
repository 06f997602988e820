"""Restored files say in their XMP that they are; `undo` takes that back; `--no-mark` leaves it out."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pikepdf
import pytest
import tifffile
from PIL import Image

from bokwon.cli.main import main
from bokwon.image_io.document import open_document
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.output_formats import encode_page, format_of
from bokwon.image_io.reader import Source, read_page
from bokwon.provenance.mark import COMPOSITE, CORRECTED
from bokwon.provenance.packet import read_packet

SIZE = (60, 90)
HOLE = np.zeros(SIZE, bool)
HOLE[10:22, 10:30] = True
PAGE = np.random.default_rng(1).integers(0, 256, (*SIZE, 3)).astype(np.uint8)
XMP = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    b'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    b'dc:source="Archive 7" e:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/print"/>'
    b'</rdf:RDF></x:xmpmeta>   <?xpacket end="w"?>'
)
HOLDING = [".png", ".jpg", ".tif", ".webp", ".jp2"]


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    return int(caught.value.code or 0)


def restore(page: str, output: str, *more: str, mask: str = "mask.png") -> None:
    assert run("restore", page, output, "--mask", mask, "--method", "telea", *more) == 0


def write(path: str, xmp: bytes | None = None) -> bytes:
    stream = io.BytesIO()
    encode_page(stream, PAGE, "RGB", format_of(Path(path)), Metadata(xmp=xmp))
    Path(path).write_bytes(stream.getvalue())
    return stream.getvalue()


def xmp_of(path: str) -> bytes | None:
    return read_page(Source.of(Path(path))).metadata.xmp


def source_type(packet: bytes | None) -> str:
    assert packet is not None
    place = read_packet(packet).source_type
    assert place is not None
    return packet[slice(*place)].decode()


@pytest.mark.parametrize("extension", HOLDING)
@pytest.mark.parametrize("before", [None, XMP, XMP.replace(b"7", b"7" * 70_000)], ids=["no XMP", "XMP", "long XMP"])
def test_a_restored_file_says_so_beside_what_it_said_and_undo_takes_it_back(
    folder: Path, extension: str, before: bytes | None
) -> None:
    page, output, again = (name + extension for name in ("page", "out", "again"))
    original = write(page, before)
    restore(page, output, "--record", "-q")
    marked = xmp_of(output)
    assert source_type(marked) == CORRECTED
    record = json.loads(Path(f"{output}.record/record.json").read_text())
    assert record["output"]["sha256"] == hashlib.sha256(Path(output).read_bytes()).hexdigest()
    samples = hashlib.sha256(Path(f"{output}.record/original_p001.npz").read_bytes()).hexdigest()
    assert marked is not None
    assert f"<bokwon:recordSHA256>{samples}</bokwon:recordSHA256>".encode() in marked
    if before is not None:
        assert b'dc:source="Archive 7' in marked
    assert run("undo", f"{output}.record", output, "--to", again, "-q") == 0
    assert xmp_of(again) == before
    if extension != ".jpg":
        assert Path(again).read_bytes() == original


def test_a_models_fill_is_called_that_of_a_trained_one(folder: Path, mean_model: Path) -> None:
    write("page.png")
    assert run("restore", "page.png", "out.png", "--mask", "mask.png", "--model", str(mean_model), "-q") == 0
    packet = xmp_of("out.png")
    assert source_type(packet) == COMPOSITE
    checksum = hashlib.sha256(mean_model.read_bytes()).hexdigest()
    assert f"<bokwon:modelSHA256>{checksum}</bokwon:modelSHA256>".encode() in (packet or b"")
    assert b"recordSHA256" not in (packet or b"")


@pytest.mark.parametrize("extension", HOLDING)
def test_no_mark_leaves_the_xmp_as_it_was(folder: Path, extension: str, capsys: pytest.CaptureFixture[str]) -> None:
    write("page" + extension, XMP)
    restore("page" + extension, "out" + extension, "--no-mark", "--record", "-q")
    assert xmp_of("out" + extension) == XMP
    # An earlier mark is not that of this restoration.
    restore("page" + extension, "first" + extension, "-q")
    marked = xmp_of("first" + extension)
    restore("first" + extension, "second" + extension, "--no-mark", "--record", "-q")
    assert run("undo", f"second{extension}.record", "second" + extension) == 0
    assert "stays" not in capsys.readouterr().err
    assert xmp_of("second" + extension) == marked


def test_a_file_without_filled_pixels_is_not_marked(folder: Path) -> None:
    original = write("page.png", XMP)
    Image.fromarray(np.zeros(SIZE, bool)).save("empty.png")
    restore("page.png", "out.png", "-q", mask="empty.png")
    assert Path("out.png").read_bytes() == original
    restore("page.png", "out.tif", "-q", mask="empty.png")
    assert xmp_of("out.tif") == XMP


@pytest.mark.parametrize(("extension", "what"), [(".bmp", "BMP"), (".j2k", "a bare codestream")])
def test_what_cannot_be_marked_is_said(
    folder: Path, extension: str, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    stream = io.BytesIO()
    metadata = Metadata(jpeg2000=() if extension == ".j2k" else None)
    encode_page(stream, PAGE, "RGB", format_of(Path(f"a{extension}")), metadata)
    Path(f"page{extension}").write_bytes(stream.getvalue())
    said = f"page{extension}: {what} has no place for XMP: the output is not marked as restored"
    restore(f"page{extension}", f"out{extension}", "--record")
    assert said in capsys.readouterr().err
    assert run("undo", f"out{extension}.record", f"out{extension}", "-q") == 0
    assert Path(f"out{extension}").read_bytes() == stream.getvalue()
    restore(f"page{extension}", f"plain{extension}", "--no-mark")
    assert "not marked" not in capsys.readouterr().err


def test_damaged_xmp_stays_and_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write("page.png", b"<rdf:RDF")
    restore("page.png", "out.png", "--record")
    assert (
        "page.png is not marked as restored, because of its XMP: it is not well-formed XML" in capsys.readouterr().err
    )
    assert xmp_of("out.png") == b"<rdf:RDF"
    assert run("undo", "out.png.record", "out.png") == 0
    assert "warning" not in capsys.readouterr().err


def test_a_mark_that_another_program_rewrote_stays_and_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("page.png")
    restore("page.png", "out.png", "--record", "-q")
    Path("out.png").write_bytes(write("other.png", (xmp_of("out.png") or b"").replace(b"<rdf:li ", b"<rdf:li  ")))
    assert run("undo", "out.png.record", "out.png", "--force") == 0
    assert "the mark of the restoration stays in the XMP of out.png" in capsys.readouterr().err
    assert source_type(xmp_of("out.png")) == CORRECTED


def test_of_a_book_the_filled_pages_are_marked(folder: Path) -> None:
    with tifffile.TiffWriter("book.tif") as file:
        for _ in range(3):
            file.write(PAGE, photometric="rgb", metadata=None)
    Path("masks").mkdir()
    for page in (2, 3):
        Image.fromarray(HOLE).save(f"masks/book_p{page:03}.png")
    restore("book.tif", "out.tif", "--record", "-q", mask="masks")
    packets = xmp_of_pages("out.tif")
    assert packets[0] is None
    for page, packet in zip((2, 3), packets[1:], strict=True):
        samples = hashlib.sha256(Path(f"out.tif.record/original_p{page:03}.npz").read_bytes()).hexdigest()
        assert samples.encode() in (packet or b"")
    assert run("undo", "out.tif.record", "out.tif", "-q") == 0
    assert xmp_of_pages("out.tif") == [None, None, None]


def xmp_of_pages(path: str) -> list[bytes | None]:
    with open_document(Source.of(Path(path)), max_pixels=10**6) as document:
        return [document.page(number).metadata.xmp for number in range(1, document.pages + 1)]


@pytest.mark.parametrize("before", [None, XMP], ids=["no XMP", "XMP"])
@pytest.mark.parametrize("jpeg", [False, True], ids=["flate", "jpeg"])
def test_a_pdf_is_marked_as_a_whole_and_in_its_jpegs(folder: Path, before: bytes | None, jpeg: bool) -> None:
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(90, 60))
    image = pdf.make_stream(PAGE.tobytes())
    if jpeg:
        image = pdf.make_stream(write("page.jpg"))
        image.Filter = pikepdf.Name.DCTDecode
    image.Type, image.Subtype, image.Width, image.Height = pikepdf.Name.XObject, pikepdf.Name.Image, 90, 60
    image.ColorSpace, image.BitsPerComponent = pikepdf.Name.DeviceRGB, 8
    pdf.pages[0].Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=image))
    pdf.pages[0].Contents = pdf.make_stream(b"q 90 0 0 60 0 0 cm /Im0 Do Q")
    if before is not None:
        pdf.Root.Metadata = pdf.make_stream(before, Type=pikepdf.Name.Metadata, Subtype=pikepdf.Name.XML)
    pdf.save("page.pdf", deterministic_id=True, fix_metadata_version=False)
    restore("page.pdf", "out.pdf", "--record", "-q")
    with pikepdf.open("out.pdf") as out:
        assert source_type(out.Root.Metadata.read_bytes()) == CORRECTED
        assert out.Root.Metadata.Subtype == "/XML"
        inner = out.pages[0].Resources.XObject.Im0.read_raw_bytes()
    if jpeg:
        assert CORRECTED.encode() in inner
    assert run("undo", "out.pdf.record", "out.pdf", "-q") == 0
    with pikepdf.open("out.pdf") as out:
        assert ("/Metadata" in out.Root) == (before is not None)
        if before is not None:
            assert out.Root.Metadata.read_bytes() == before
        assert CORRECTED.encode() not in out.pages[0].Resources.XObject.Im0.read_raw_bytes()
    restore("page.pdf", "plain.pdf", "--record", "--no-mark", "-q")
    assert run("undo", "plain.pdf.record", "plain.pdf", "-q") == 0
    assert Path("out.pdf").read_bytes() == Path("plain.pdf").read_bytes()


def test_a_batch_with_another_answer_to_marking_does_its_files_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("in").mkdir()
    write("in/page.png")
    Image.fromarray(HOLE).save("in/page-mask.png")
    batch = ("restore", "in", "out", "--method", "telea", "--resume")
    assert run(*batch) == 0
    assert source_type(xmp_of("out/page.png")) == CORRECTED
    assert run(*batch, "--no-mark") == 0
    assert xmp_of("out/page.png") is None
    capsys.readouterr()
    assert run(*batch, "--no-mark") == 0
    assert "1 of 1 files were done before" in capsys.readouterr().err
