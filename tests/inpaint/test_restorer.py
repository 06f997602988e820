from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import bokwon
from bokwon.errors import ArgumentError, InputFileError
from bokwon.inpaint.finish.grain import add_grain
from bokwon.inpaint.finish.patches import match_patches
from bokwon.inpaint.material import Verdict
from bokwon.utilities.processes import available_cores

HOLE = np.zeros((30, 44), bool)
HOLE[8:15, 10:30] = True


def noise(*channels: int, dtype: type[np.generic] = np.uint8) -> np.ndarray:
    return np.random.default_rng(4).integers(0, np.iinfo(dtype).max + 1, (30, 44, *channels)).astype(dtype)


@pytest.fixture(scope="module")
def restorer(mean_model: Path) -> bokwon.Restorer:
    return bokwon.Restorer(bokwon.RestoreSettings(mean_model, engine="onnx"))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [(), (1,), (2,), (3,), (4,)])
def test_arrays_in_arrays_out(restorer: bokwon.Restorer, channels: tuple[int, ...], dtype: type[np.generic]) -> None:
    image = noise(*channels, dtype=dtype)
    before = image.copy()
    result = restorer.restore(image, HOLE).image
    assert (result.shape, result.dtype) == (image.shape, image.dtype)
    np.testing.assert_array_equal(image, before)
    np.testing.assert_array_equal(result[~HOLE], image[~HOLE])
    assert not np.array_equal(result[HOLE], image[HOLE])


def test_bool_arrays_are_one_bit_images(restorer: bokwon.Restorer) -> None:
    image = np.ones((30, 44), bool)
    image[HOLE] = False
    assert restorer.restore(image, HOLE).image.all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "RGBA", "CMYK", "I;16", "I;16B", "I"])
def test_pictures_in_pictures_of_the_same_mode_out(restorer: bokwon.Restorer, mode: str) -> None:
    if mode.startswith("I;16"):
        order = ">u2" if mode.endswith("B") else "<u2"
        image = Image.frombytes(mode, (44, 30), noise(dtype=np.uint16).astype(order).tobytes())
    elif mode == "I":
        image = Image.fromarray(noise(dtype=np.uint16).astype(np.int32))
    else:
        image = Image.fromarray(noise(3)).convert(mode)
    image.info["dpi"] = (300, 300)
    result = restorer.restore(image, Image.fromarray(HOLE))
    assert isinstance(result.image, Image.Image)
    assert (result.image.mode, result.image.size) == (image.mode, image.size)
    assert result.image.info["dpi"] == (300, 300)
    np.testing.assert_array_equal(np.array(result.image)[~HOLE], np.array(image)[~HOLE])
    assert result.notices == ()


@pytest.mark.parametrize(("transparent", "mode"), [(False, "RGB"), (True, "RGBA")])
def test_palettes_come_back_as_rgb_with_a_notice(restorer: bokwon.Restorer, transparent: bool, mode: str) -> None:
    image = Image.fromarray(noise(3)).quantize(8)
    if transparent:
        image.info["transparency"] = 2
    result = restorer.restore(image, HOLE)
    assert result.image.mode == mode
    assert "palette" in result.notices[0]
    assert "transparency" not in result.image.info
    np.testing.assert_array_equal(np.array(result.image)[~HOLE], np.array(image.convert(mode))[~HOLE])


def test_the_restoration_says_how_it_came_about(restorer: bokwon.Restorer) -> None:
    result = restorer.restore(noise(3), HOLE)
    assert (result.method, result.model, result.version) == ("model", "mean", bokwon.__version__)
    assert result.sha256 == restorer.sha256
    assert len(str(result.sha256)) == 64
    assert result.tiles == 1
    assert result.engine.startswith("ONNX Runtime")
    np.testing.assert_array_equal(result.hole, HOLE)


@pytest.mark.parametrize("method", ["telea", "ns"])
def test_classical_methods_need_no_model(method: str) -> None:
    result = bokwon.restore(noise(3), HOLE, method=method)
    assert (result.method, result.model, result.sha256) == (method, None, None)
    assert result.engine.startswith("OpenCV")


def test_the_function_is_the_class_used_once(mean_model: Path, restorer: bokwon.Restorer) -> None:
    once = bokwon.restore(noise(3), HOLE, model=mean_model).image
    np.testing.assert_array_equal(once, restorer.restore(noise(3), HOLE).image)


def test_an_empty_hole_gives_the_image_back(restorer: bokwon.Restorer) -> None:
    result = restorer.restore(noise(3), np.zeros_like(HOLE))
    np.testing.assert_array_equal(result.image, noise(3))
    assert result.tiles == 0
    assert "empty" in result.notices[0]


def test_a_hole_that_looks_inverted_is_refused(restorer: bokwon.Restorer) -> None:
    with pytest.raises(ArgumentError, match="of the image hole") as error:
        restorer.restore(noise(3), ~HOLE)
    assert "~hole" in error.value.fix
    assert "allow_large=True" in error.value.fix
    assert restorer.restore(noise(3), ~HOLE, allow_large=True).notices == ()
    assert bokwon.restore(noise(3), ~HOLE, allow_large=True, method="telea").hole.sum() == (~HOLE).sum()


def test_a_pillow_image_of_a_painted_copy_is_understood(restorer: bokwon.Restorer) -> None:
    painted = noise(3)
    painted[HOLE] = (255, 0, 0)
    result = restorer.restore(noise(3), Image.fromarray(painted))
    np.testing.assert_array_equal(result.hole, (painted != noise(3)).any(axis=-1))
    assert "painted on a copy" in result.notices[0]
    with pytest.raises(ArgumentError, match="colours") as error:
        restorer.restore(noise(3), Image.fromarray(noise(3)[::-1]))
    assert "np.array" in error.value.fix


@pytest.mark.parametrize(
    ("image", "hole", "message"),
    [
        (noise(3).astype(np.float32), HOLE, "dtype float32"),
        (noise(5), HOLE, "shape"),
        (np.zeros((0, 4, 3), np.uint8), np.zeros((0, 4), bool), "shape"),
        (noise(3), HOLE[:-1], "44x29 and the image 44x30"),
        (noise(3), np.ones_like(HOLE), "covers everything"),
        (noise(3), HOLE * 0.5, "dtype float64"),
        (Image.new("HSV", (44, 30)), HOLE, "mode HSV"),
        (Image.fromarray(np.full((30, 44), -1, np.int32)), HOLE, "mode I"),
        ("page.png", HOLE, "is a str"),
    ],
)
def test_what_cannot_be_taken_as_it_is_says_what_to_do(
    restorer: bokwon.Restorer, image: object, hole: np.ndarray, message: str
) -> None:
    with pytest.raises(ArgumentError, match=message) as caught:
        restorer.restore(image, hole)
    assert caught.value.fix


def test_unknown_models_and_tiles_are_argument_errors(mean_model: Path) -> None:
    with pytest.raises(ArgumentError, match="settings is a str; pass RestoreSettings"):
        bokwon.Restorer("photo")
    with pytest.raises(ArgumentError, match="no model is named 'letter'"):
        bokwon.Restorer(bokwon.RestoreSettings("letter"))
    with pytest.raises(ArgumentError, match="multiples of 128"):
        bokwon.Restorer(bokwon.RestoreSettings(mean_model, tile=100))


@pytest.mark.parametrize("method", ["model", "telea"])
def test_no_more_threads_than_cores_are_started(mean_model: Path, method: str) -> None:
    tasks = Path("/proc/self/task")
    if not tasks.exists():
        pytest.skip("threads are counted on Linux")
    before = len(list(tasks.iterdir()))
    chosen = {"model": mean_model} if method == "model" else {"method": method}
    restorer = bokwon.Restorer(bokwon.RestoreSettings(**chosen, threads=5000))
    page = np.full((300, 300), 200, np.uint8)
    hole = np.zeros(page.shape, bool)
    hole[10:20, 10:20] = hole[280:290, 280:290] = True
    restorer.restore(page, hole)
    assert len(list(tasks.iterdir())) - before < 4 * available_cores() + 8


@pytest.mark.parametrize(
    ("chosen", "ink", "grain"),
    [
        ({"model": "document"}, "patches", "off"),
        ({"model": "document", "precision": "int8"}, "patches", "off"),
        ({"model": "photo"}, "off", "copy"),
        ({"method": "telea"}, "off", "off"),
    ],
)
def test_fills_are_finished_as_suits_the_model(chosen: dict[str, Any], ink: str, grain: str) -> None:
    automatic = bokwon.Restorer(bokwon.RestoreSettings(**chosen)).settings
    assert (automatic.ink, automatic.grain) == (ink, grain)
    plain = bokwon.Restorer(bokwon.RestoreSettings(**chosen, finish="off")).settings
    assert (plain.ink, plain.grain) == ("off", "off")
    either = bokwon.Restorer(bokwon.RestoreSettings(**chosen, ink="off", grain="match")).settings
    assert (either.ink, either.grain) == ("off", "match")


def test_a_page_is_finished_alike_by_any_number_of_threads() -> None:
    rng = np.random.default_rng(4)
    # Of 16 bits, which tell of the last bit of a calculation.
    page = ((200 + 4 * rng.standard_normal((700, 1100))) * 257).astype(np.uint16)
    page[::20] = page[1::20] = page[2::20] = 30 * 257
    hole = np.zeros(page.shape, bool)
    hole[60:140, 60:1040] = hole[500:640, 60:1040] = True
    made = []
    for concurrency in (1, 4, 2, 4):
        pixels = page.copy()
        match_patches(pixels, "L", hole, concurrency=concurrency)
        add_grain(pixels, "L", hole, concurrency=concurrency)
        made.append(pixels)
    for other in made[1:]:
        np.testing.assert_array_equal(other, made[0])


def test_grain_is_that_of_the_command_line() -> None:
    page = np.clip(200 + 6 * np.random.default_rng(3).standard_normal((200, 300)), 0, 255).astype(np.uint8)
    hole = np.zeros(page.shape, bool)
    hole[60:140, 60:240] = True
    without = bokwon.Restorer(bokwon.RestoreSettings(method="telea")).restore(page, hole).image
    given = bokwon.Restorer(bokwon.RestoreSettings(method="telea", grain="match")).restore(page, hole).image
    expected = without.copy()
    add_grain(expected, "L", hole)
    np.testing.assert_array_equal(given, expected)
    assert given[80:120, 90:210].std() > without[80:120, 90:210].std() + 1


def test_large_images_are_tiled(mean_model: Path) -> None:
    steps: list[tuple[int, int]] = []
    image = np.full((700, 900), 60, np.uint8)
    hole = np.zeros(image.shape, bool)
    hole[::7, ::5] = True
    image[hole] = 255
    restorer = bokwon.Restorer(bokwon.RestoreSettings(mean_model, tile=256))
    result = restorer.restore(image, hole, progress=lambda *step: steps.append(step))
    assert (result.image == 60).all()
    assert result.tiles == len(steps) > 20


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_transparent_value_is_never_filled_by_accident(restorer: bokwon.Restorer, mode: str) -> None:
    gray = np.full((30, 44), 200, np.uint8)
    gray[:, :20] = 100
    image = Image.fromarray(gray).convert(mode)
    # The model fills with the mean: between the two values, whatever the key.
    for value in (100, 200):
        image.info["transparency"] = value if mode == "L" else (value,) * 3
        result = restorer.restore(image, HOLE).image
        assert (result.mode, result.info["transparency"]) == (mode, image.info["transparency"])
        filled = np.array(result.convert("L"))
        np.testing.assert_array_equal(filled[~HOLE], gray[~HOLE])
        transparent = filled == value
        np.testing.assert_array_equal(transparent[8:15, 10:30], np.tile(gray[0, 10:30] == value, (7, 1)))


def verdicts(monkeypatch: pytest.MonkeyPatch, *found: tuple[str, bool]) -> None:
    """Have pictures be taken for these materials, one after the other."""
    told = iter(found)

    def classify(*given: object) -> Verdict:
        material, sure = next(told)
        return Verdict(material, sure, "seen in a test")  # type: ignore[arg-type]

    monkeypatch.setattr("bokwon.inpaint.restorer.classify", classify)


def test_model_and_finish_follow_the_material(monkeypatch: pytest.MonkeyPatch) -> None:
    verdicts(monkeypatch, ("photo", True), ("page", True), ("rubbing", True), ("page", False))
    loaded: list[bokwon.Restorer] = []
    restorer = bokwon.Restorer(bokwon.RestoreSettings(precision="float32", engine="onnx"), loaded=loaded.append)
    assert restorer.settings == bokwon.RestoreSettings(precision="float32", engine="onnx")
    assert not loaded
    assert not restorer.used()
    image = noise(3)
    results = [restorer.restore(image, HOLE) for _ in range(4)]
    assert [result.material for result in results] == ["photo", "page", "rubbing", "page"]
    assert [result.model for result in results] == ["photo", "document", "document", "document"]
    assert [one.settings.ink for one in loaded] == ["off", "patches"]
    assert restorer.used() == tuple(loaded)
    assert results[0].notices == ()
    assert results[3].notices == ("seen in a test: filled as a page; if it is a photograph, pass material='photo'",)
    for result, settings in (
        (results[0], {"model": "photo"}),
        (results[1], {"model": "document"}),
        (results[2], {"material": "rubbing"}),
    ):
        plain = bokwon.Restorer(bokwon.RestoreSettings(**settings, precision="float32", engine="onnx"))
        np.testing.assert_array_equal(result.image, plain.restore(image, HOLE).image)


def test_a_rubbing_is_filled_through_its_negative() -> None:
    image = noise(3)
    settings = bokwon.RestoreSettings(material="rubbing", precision="float32", engine="onnx")
    through = bokwon.Restorer(settings).restore(image, HOLE)
    page = bokwon.Restorer(replace(settings, material="page")).restore(255 - image, HOLE)
    np.testing.assert_array_equal(through.image, 255 - page.image)
    assert (through.material, through.material_reason, page.material) == ("rubbing", "asked for", "page")


def test_a_model_that_no_page_needs_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bokwon.inpaint.restorer._IDLE_PAGES", 2)
    verdicts(monkeypatch, ("page", True), *[("photo", True)] * 4, ("page", True))
    loaded: list[str | None] = []
    restorer = bokwon.Restorer(loaded=lambda one: loaded.append(one.material))
    image = noise()
    for kept in (1, 2, 2, 1, 1, 2):
        restorer.choose(image, "L", HOLE)
        assert len(restorer.used()) == kept
    assert loaded == ["page", "photo", "page"]


def test_a_model_loaded_ahead_is_the_one_in_use_and_is_let_go_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bokwon.inpaint.restorer._IDLE_PAGES", 2)
    verdicts(monkeypatch, ("rubbing", True), *[("photo", True)] * 3, ("page", True))
    loaded: list[str | None] = []
    restorer = bokwon.Restorer(loaded=lambda one: loaded.append(one.material))
    restorer.load_ahead(None)
    restorer.load_ahead((3000, 2000))
    image = noise()
    chosen = [restorer.choose(image, "L", HOLE) for _ in range(5)]
    assert [one.restorer.material for one in chosen] == ["rubbing", "photo", "photo", "photo", "page"]
    assert chosen[0].restorer.settings == bokwon.Restorer(bokwon.RestoreSettings(material="rubbing")).settings
    assert chosen[4].restorer.settings == bokwon.Restorer(bokwon.RestoreSettings(material="page")).settings
    # The last one is not the one loaded ahead, which was let go.
    assert loaded == ["page", "photo", "page"]
    restorer.load_ahead(None)
    assert restorer._ahead is None


def test_what_is_wrong_with_a_model_loaded_ahead_is_told_at_its_use() -> None:
    restorer = bokwon.Restorer(bokwon.RestoreSettings(precision="bfloat16", engine="onnx"))
    restorer.load_ahead((3000, 2000))
    with pytest.raises(ArgumentError, match="does not compute in bfloat16"):
        restorer.of("page")
    with pytest.raises(ArgumentError, match="does not compute in bfloat16"):
        restorer.of("page")


def test_the_models_card_says_the_material(mean_model: Path) -> None:
    for settings, expected in (
        (bokwon.RestoreSettings("photo"), "photo"),
        (bokwon.RestoreSettings("document"), "page"),
        (bokwon.RestoreSettings(method="telea"), None),
    ):
        restorer = bokwon.Restorer(settings)
        choice = restorer.choose(noise(), "L", HOLE)
        assert (choice.restorer, choice.material, choice.sure) == (restorer, expected, True)
        assert restorer.of("photo") is restorer


def test_identities_name_every_model_that_may_fill() -> None:
    automatic = bokwon.Restorer(bokwon.RestoreSettings(precision="int8")).identities()
    assert [one.settings["material"] for one in automatic] == ["page", "photo", "rubbing"]
    # There is no 8-bit model for photographs; only those who ask for one are told.
    assert [one.settings["precision"] for one in automatic] == ["int8", "float32", "int8"]
    assert automatic[0].sha256 == automatic[2].sha256 != automatic[1].sha256
    with pytest.raises(InputFileError, match="photo has no int8 model"):
        bokwon.Restorer(bokwon.RestoreSettings(material="photo", precision="int8"))
    assert bokwon.Restorer(bokwon.RestoreSettings(precision="int8")).pinned().precision == "int8"
    assert len(bokwon.Restorer(bokwon.RestoreSettings(method="ns")).identities()) == 1
