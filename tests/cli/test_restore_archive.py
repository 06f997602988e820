"""`bokwon restore` on what the extra `archive` is for: PDF and JPEG 2000."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import imagecodecs
import numpy as np
import pikepdf
import pytest
from PIL import Image, ImageCms

from bokwon.cli.main import main
from bokwon.image_io.reader import Source, read_page

TELEA = ("--method", "telea")
SIZE = (40, 60)
HOLE = np.zeros(SIZE, bool)
HOLE[10:20, 10:30] = True


def restore(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["restore", *arguments])
    return int(caught.value.code or 0)


def noise(shape: tuple[int, ...], dtype: type = np.uint8) -> np.ndarray:
    return np.random.default_rng(1).integers(0, np.iinfo(dtype).max, shape, endpoint=True).astype(dtype)


def check_restored(before: np.ndarray, after: np.ndarray) -> None:
    assert (before.dtype, before.shape) == (after.dtype, after.shape)
    np.testing.assert_array_equal(before[~HOLE], after[~HOLE])
    assert not np.array_equal(before[HOLE], after[HOLE])


def samples(path: str) -> np.ndarray:
    return read_page(Source.of(Path(path))).pixels


@pytest.mark.parametrize("shape", [SIZE, (*SIZE, 3), (*SIZE, 4)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("kind", ["jp2", "j2k"])
def test_jpeg_2000_keeps_mode_depth_and_samples(folder: Path, shape: tuple[int, ...], dtype: type, kind: str) -> None:
    pixels = noise(shape, dtype)
    Path(f"page.{kind}").write_bytes(imagecodecs.jpeg2k_encode(pixels, level=0, reversible=True, codecformat=kind))
    assert restore(f"page.{kind}", f"out.{kind}", "--mask", "mask.png", *TELEA) == 0
    np.testing.assert_array_equal(samples(f"page.{kind}"), pixels)
    check_restored(pixels, samples(f"out.{kind}"))
    assert Path(f"out.{kind}").read_bytes()[:12] == Path(f"page.{kind}").read_bytes()[:12]


def test_jpeg_2000_keeps_its_boxes_and_takes_them_from_other_formats(folder: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(noise((*SIZE, 3))).save("page.png", dpi=(300, 300), icc_profile=profile)
    assert restore("page.png", "one.jp2", "--mask", "mask.png", *TELEA) == 0
    assert restore("one.jp2", "two.jp2", "--mask", "mask.png", *TELEA) == 0
    check_restored(samples("page.png"), samples("one.jp2"))
    for name in ("one.jp2", "two.jp2"):
        assert read_page(Source.of(Path(name))).metadata.icc == profile
        with Image.open(name) as image:
            assert image.info["dpi"] == pytest.approx((300, 300), rel=1e-3)
            np.testing.assert_array_equal(np.array(image), samples(name))


def test_cmyk_becomes_jpeg_2000_and_stays_it(folder: Path) -> None:
    Image.fromarray(noise((*SIZE, 3))).convert("CMYK").save("page.tif")
    assert restore("page.tif", "one.jp2", "--mask", "mask.png", *TELEA) == 0
    assert restore("one.jp2", "two.jp2", "--mask", "mask.png", *TELEA) == 0
    for name in ("one.jp2", "two.jp2"):
        assert read_page(Source.of(Path(name))).mode == "CMYK"
        check_restored(samples("page.tif"), samples(name))


def test_jpeg_2000_that_is_damaged_or_odd_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = imagecodecs.jpeg2k_encode(noise((*SIZE, 3)), level=0, reversible=True, codecformat="jp2")
    Path("cut.jp2").write_bytes(data[: len(data) // 2])
    Path("four.jp2").write_bytes(imagecodecs.jpeg2k_encode(noise(SIZE) >> 4, bitspersample=4, level=0))
    for name, message in (
        ("cut.jp2", "cut.jp2 is damaged"),
        ("four.jp2", "a kind of JPEG 2000 that bokwon does not keep"),
    ):
        assert restore(name, "out.jp2", "--mask", "mask.png", *TELEA) == 2
        assert message in capsys.readouterr().err
    assert not Path("out.jp2").exists()


def make_pdf(path: str) -> dict[str, np.ndarray]:
    """Write five pages: a scan with a text layer, JPEG, a drawing, 1 bit, 16 bits."""
    scan, deep = noise((*SIZE, 3)), noise(SIZE, np.uint16)
    bits = noise(SIZE) > 127
    photo = io.BytesIO()
    smooth = np.repeat(np.add.outer(np.arange(SIZE[0]), np.arange(SIZE[1]))[..., None], 3, axis=2).astype(np.uint8)
    smooth[HOLE] = 255
    Image.fromarray(smooth).save(photo, "JPEG", quality=90)
    pdf = pikepdf.new()
    gray, rgb = pikepdf.Name.DeviceGray, pikepdf.Name.DeviceRGB
    font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    images = [
        image_of(pdf, scan.tobytes(), rgb, 8),
        image_of(pdf, photo.getvalue(), rgb, 8, filter=pikepdf.Name.DCTDecode),
        None,
        image_of(pdf, np.packbits(bits, axis=1).tobytes(), gray, 1),
        image_of(pdf, deep.astype(">u2").tobytes(), gray, 16),
    ]
    for image in images:
        page = pdf.add_blank_page(page_size=(144, 96))
        page.CropBox = [1, 2, 143, 95]
        content = b"0 0 m 50 50 l S" if image is None else b"q 144 0 0 96 0 0 cm /Im0 Do Q"
        content += b" BT 3 Tr /F1 12 Tf 10 10 Td (hidden text) Tj ET"
        page.Contents = pdf.make_stream(content)
        page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
        if image is not None:
            page.Resources.XObject = pikepdf.Dictionary(Im0=image)
    with pdf.open_outline() as outline:
        outline.root.append(pikepdf.OutlineItem("leaf two", 1))
    pdf.docinfo["/Title"] = "A register"
    with pdf.open_metadata() as metadata:
        metadata["dc:title"] = "A register"
    pdf.save(path)
    return {"scan": scan, "bits": bits, "deep": deep}


def image_of(pdf: pikepdf.Pdf, data: bytes, space: pikepdf.Name, depth: int, **filters: pikepdf.Name) -> pikepdf.Object:
    stream = pdf.make_stream(b"")
    stream.write(data, **filters)
    stream.Type, stream.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
    stream.Width, stream.Height = SIZE[1], SIZE[0]
    stream.ColorSpace, stream.BitsPerComponent = space, depth
    return pdf.make_indirect(stream)


def picture(pdf: pikepdf.Pdf, number: int) -> pikepdf.Object:
    return pdf.pages[number - 1].Resources.XObject.Im0


def save_page_masks(*numbers: int) -> None:
    Path("masks").mkdir(exist_ok=True)
    for number in numbers:
        Image.fromarray(HOLE).save(f"masks/book_p{number:03}.png")


def test_a_pdf_is_restored_in_place(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = make_pdf("book.pdf")
    save_page_masks(1, 2, 4, 5)
    assert restore("book.pdf", "out.pdf", "--mask", "masks", *TELEA) == 0
    said = capsys.readouterr().err
    assert "note: book.pdf, page 3 has no image that can be restored: it stays as it is" in said
    assert "note: JPEG is encoded anew, at the input's quality" in said
    with pikepdf.open("book.pdf") as before, pikepdf.open("out.pdf") as after:
        for old, new in zip(before.pages, after.pages, strict=True):
            assert old.Contents.read_bytes() == new.Contents.read_bytes()
            assert list(old.CropBox) == list(new.CropBox)
            assert list(old.MediaBox) == list(new.MediaBox)
        with after.open_outline() as outline:
            assert [item.title for item in outline.root] == ["leaf two"]
        assert str(after.docinfo["/Title"]) == "A register"
        with after.open_metadata() as metadata:
            assert metadata["dc:title"] == "A register"
        scan = np.frombuffer(picture(after, 1).read_bytes(), np.uint8).reshape(made["scan"].shape)
        check_restored(made["scan"], scan)
        bits = np.unpackbits(np.frombuffer(picture(after, 4).read_bytes(), np.uint8).reshape(SIZE[0], -1), axis=1)
        check_restored(made["bits"], bits[:, : SIZE[1]].astype(bool))
        deep = np.frombuffer(picture(after, 5).read_bytes(), ">u2").astype(np.uint16).reshape(SIZE)
        check_restored(made["deep"], deep)
        old_photo, new_photo = (
            np.array(Image.open(io.BytesIO(picture(pdf, 2).read_raw_bytes()))).astype(int) for pdf in (before, after)
        )
        assert np.abs(old_photo[30:] - new_photo[30:]).mean() < 3
        assert not np.array_equal(old_photo[HOLE], new_photo[HOLE])


def test_a_pdf_comes_out_the_same_every_time_and_untouched_where_nothing_is_asked(folder: Path) -> None:
    make_pdf("book.pdf")
    save_page_masks(1)
    for name in ("one.pdf", "two.pdf"):
        assert restore("book.pdf", name, "--mask", "masks", *TELEA) == 0
    assert Path("one.pdf").read_bytes() == Path("two.pdf").read_bytes()
    assert restore("book.pdf", "none.pdf", "--mask", "masks", "--pages", "2-end", *TELEA) == 0
    assert Path("none.pdf").read_bytes() == Path("book.pdf").read_bytes()


def test_a_pdf_in_place_and_one_through_pipes(folder: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    make_pdf("book.pdf")
    save_page_masks(1)
    assert restore("book.pdf", "out.pdf", "--mask", "masks", *TELEA) == 0
    assert restore("book.pdf", "-", "--mask", "masks", *TELEA, "-q") == 0
    assert capfdbinary.readouterr().out == Path("out.pdf").read_bytes()
    assert restore("book.pdf", "book.pdf", "--mask", "masks", *TELEA) == 0
    assert Path("book.pdf").read_bytes() == Path("out.pdf").read_bytes()


def test_pdf_mistakes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_pdf("book.pdf")
    save_page_masks(1)
    data = Path("book.pdf").read_bytes()
    Path("cut.pdf").write_bytes(data[:200])
    with pikepdf.open("book.pdf") as pdf:
        pdf.save("locked.pdf", encryption=pikepdf.Encryption(owner="a", user="b"))
    for name in ("cut", "locked"):
        Image.fromarray(HOLE).save(f"masks/{name}_p001.png")
    for code, arguments, message in [
        (2, "cut.pdf out.pdf --mask masks", "cut.pdf is damaged"),
        (2, "locked.pdf out.pdf --mask masks", "locked.pdf takes a password; save it without one first"),
        (1, "book.pdf out.tif --mask masks", "book.pdf is a PDF, which cannot become TIFF; write a .pdf file"),
        (1, "book.pdf out.pdf --mask mask.png", "mask mask.png has 1 page and the image 5"),
    ]:
        assert restore(*arguments.split(), *TELEA) == code
        assert message in capsys.readouterr().err
    assert not list(folder.glob("out.*"))


@pytest.mark.parametrize(("name", "package"), [("book.pdf", "pikepdf"), ("page.jp2", "imagecodecs")])
def test_without_the_extra_it_is_three_and_says_how_to_install_it(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str, package: str
) -> None:
    make_pdf("book.pdf")
    Path("page.jp2").write_bytes(imagecodecs.jpeg2k_encode(noise(SIZE), level=0, codecformat="jp2"))
    monkeypatch.setitem(sys.modules, package, None)
    assert restore(name, f"out{Path(name).suffix}", "--mask", "mask.png", *TELEA) == 3
    assert "pip install 'bokwon[archive]'" in capsys.readouterr().err
