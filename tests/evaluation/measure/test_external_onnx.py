"""ONNX files of others under a declared contract, against small graphs whose output is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bokwon.errors import ArgumentError, FileAccessError, InputFileError
from bokwon.evaluation.measure.external_onnx import PRESETS, Contract, ExternalOnnx, parse_contract
from bokwon.evaluation.measure.methods import parse_methods

pytest.importorskip("onnx", reason="making model files needs onnx, which is in bokwon[train]")

# The picture with its mask added in the first channel: both, and which is which, show in the output.
TWO = """<ir_version: 8, opset_import: ["" : 17]>
g (TYPE[1,3,H,W] image, TYPE[1,1,H,W] mask) => (TYPE[1,3,H,W] output)
{
  output = Add(image, mask)
}"""
LAST = """<ir_version: 8, opset_import: ["" : 17]>
g (float[1,H,W,3] picture, float[1,H,W,1] mask) => (float[1,H,W,3] output)
{
  output = Add(picture, mask)
}"""
JOINED = """<ir_version: 8, opset_import: ["" : 17]>
g (float[1,4,H,W] input) => (float[1,3,H,W] output)
<int64[3] first = {0, 1, 2}, int64[1] last = {3}>
{
  picture = Gather<axis=1>(input, first)
  mask = Gather<axis=1>(input, last)
  output = Add(picture, mask)
}"""
ROOM = 40


def write(path: Path, graph: str) -> Path:
    from onnx import parser

    path.write_bytes(parser.parse_model(graph).SerializeToString())
    return path


def picture(height: int = 24, width: int = 20) -> tuple[np.ndarray, np.ndarray]:
    damaged = np.full((height, width, 3), 60, np.uint8)
    hole = np.zeros((height, width), bool)
    hole[4:12, 4:10] = True
    damaged[hole] = 255
    return damaged, hole


def filled_by(path: Path, contract: str, size: tuple[int, int] = (24, 20)) -> np.ndarray:
    damaged, hole = picture(*size)
    filled, cost = ExternalOnnx(path, parse_contract(contract)).run(damaged, hole, "x")
    assert cost.seconds is not None
    np.testing.assert_array_equal(filled[~hole], damaged[~hole])
    inside = filled[hole]
    assert (inside == inside[0]).all()
    return inside[0]


@pytest.mark.parametrize(
    ("contract", "expected"),
    [
        # The erased value in the model's range, plus 1 where the mask says so, read in the range of the output.
        ("range=0-1&mask=hole&erased=0", 255),
        ("range=0-1&mask=known&erased=51", 51),
        ("range=0-255&mask=hole&erased=100", 101),
        ("range=0-255&mask=known&erased=100", 100),
        ("range=-1-1&mask=hole&erased=0", 128),
        ("range=-1-1&mask=known&erased=102", 102),
        ("range=0-1&out=-1-1&mask=known&erased=0", 128),
        ("range=0-1&out=0-255&mask=hole&erased=255", 2),
    ],
)
def test_ranges_and_polarity(tmp_path: Path, contract: str, expected: int) -> None:
    path = write(tmp_path / "m.onnx", TWO.replace("TYPE", "float"))
    assert filled_by(path, contract).tolist() == [expected] * 3


def test_eight_bits_have_masks_of_255(tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", TWO.replace("TYPE", "uint8"))
    # 8-bit sums wrap: 10 + 255 is 9 where the mask is 255, and stays 10 where it is 0.
    assert filled_by(path, "range=0-255&mask=hole&erased=10").tolist() == [9] * 3
    assert filled_by(path, "preset=migan&erased=10").tolist() == [10] * 3


def test_channels_may_come_last_or_all_in_one_input(tmp_path: Path) -> None:
    last = write(tmp_path / "last.onnx", LAST)
    assert filled_by(last, "layout=nhwc&mask=hole&erased=0").tolist() == [255] * 3
    joined = write(tmp_path / "joined.onnx", JOINED)
    assert filled_by(joined, "mask=known&erased=51").tolist() == [51] * 3
    with pytest.raises(InputFileError, match="set layout=nhwc"):
        ExternalOnnx(last, Contract())


@pytest.mark.parametrize("size", [(24, 20), (70, 33)])
@pytest.mark.parametrize("contract", ["size=32&erased=0", "size=80&fit=pad&erased=0", "multiple=16&erased=0"])
def test_pictures_are_brought_to_the_size_and_back(tmp_path: Path, contract: str, size: tuple[int, int]) -> None:
    path = write(tmp_path / "m.onnx", TWO.replace("TYPE", "float"))
    damaged, hole = picture(*size)
    filled, _ = ExternalOnnx(path, parse_contract(contract)).run(damaged, hole, "x")
    assert filled.shape == damaged.shape
    # In the middle of the hole nothing of its rim is left, however it was resized.
    assert filled[7, 6].tolist() == [255] * 3


def test_a_fixed_size_has_to_be_declared(tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", TWO.replace("TYPE", "float").replace("H,W", "32,32"))
    with pytest.raises(InputFileError, match=r"takes 32 x 32 pixels.*size=32"):
        ExternalOnnx(path, Contract())
    assert filled_by(path, "size=32&fit=pad&erased=0").tolist() == [255] * 3
    damaged, hole = picture(40, 30)
    with pytest.raises(InputFileError, match=r"the picture has 30 x 40.*fit=resize"):
        ExternalOnnx(path, parse_contract("size=32&fit=pad")).run(damaged, hole, "x")


def test_models_that_take_something_else(tmp_path: Path) -> None:
    three = TWO.replace("TYPE", "float").replace("[1,1,H,W] mask", "[1,3,H,W] mask")
    with pytest.raises(InputFileError, match="and not an image of 3 channels with a mask of 1"):
        ExternalOnnx(write(tmp_path / "m.onnx", three), Contract())
    (tmp_path / "no.onnx").write_bytes(b"no model")
    with pytest.raises(InputFileError, match="no model that ONNX Runtime can run"):
        ExternalOnnx(tmp_path / "no.onnx", Contract())
    with pytest.raises(FileAccessError, match=r"none\.onnx"):
        ExternalOnnx(tmp_path / "none.onnx", Contract())
    wide = TWO.replace("TYPE", "float").replace("Add(image, mask)", "Concat<axis=3>(image, image)")
    damaged, hole = picture()
    with pytest.raises(InputFileError, match="and not a finite picture"):
        ExternalOnnx(write(tmp_path / "wide.onnx", wide), Contract()).run(damaged, hole, "x")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("colour=red", "has no colour=red"),
        ("preset=mat", "has no preset=mat"),
        ("size=big", "no sensible number"),
        ("multiple=0", "no sensible number"),
        ("range=1-2", "range in a contract cannot be 1-2"),
        ("mask=white", "mask in a contract cannot be white"),
    ],
)
def test_contracts_that_cannot_be_meant(text: str, told: str) -> None:
    with pytest.raises(ArgumentError, match=told):
        parse_contract(text)


def test_a_contract_is_what_it_says() -> None:
    assert parse_contract("") == Contract()
    assert parse_contract("preset=lama") == PRESETS["lama"] == parse_contract(str(PRESETS["lama"]))
    assert parse_contract("preset=lama&size=0&multiple=8") == Contract(out="0-255", multiple=8)
    assert str(Contract()) == ""
    assert str(PRESETS["migan"]) == "range=0-255&mask=known"


def test_a_file_with_a_contract_is_a_method(tmp_path: Path) -> None:
    path = write(tmp_path / "rival.onnx", TWO.replace("TYPE", "float"))
    plain, named = parse_methods(f"onnx:{path}?mask=known,lama=onnx:{path}?preset=lama&size=32")
    assert (plain.name, named.name) == ("rival", "lama")
    assert plain.sha256 is not None
    assert plain.options == (("contract", "mask=known"),)
    about = named.about()
    assert about["source"] == "rival.onnx"
    assert "out=0-255&size=32" in about["engine"]
    assert str(tmp_path) not in str(about)
    path.write_bytes(write(tmp_path / "other.onnx", JOINED).read_bytes())
    with pytest.raises(ArgumentError, match="has changed"):
        named.filler()
