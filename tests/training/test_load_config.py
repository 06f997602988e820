"""Configurations: presets, files, single values, and what is refused."""

import dataclasses
import re
import typing
from pathlib import Path

import pytest

from bokwon.errors import ArgumentError, BokwonError, FileAccessError, InputFileError
from bokwon.nn.unet import UNetConfig
from bokwon.training.config import OptimizerConfig, TrainConfig
from bokwon.training.load_config import differences, from_mapping, load, override, preset, preset_names


def test_the_paper_s_preset_is_the_paper():
    config = preset("paper")
    assert (config.network, config.data.crop, config.batch) == (UNetConfig(), 512, 6)
    assert (config.optimizer.name, config.optimizer.learning_rate, config.optimizer.ema) == ("adam", 2e-4, 0)
    assert (config.finetune.learning_rate, config.finetune.freeze_encoder_norm) == (5e-5, True)
    assert config.finetune.steps > 0
    assert (config.loss.terms, config.loss.features, config.loss.features_from) == ("paper", "vgg16", 0)


def test_every_preset_is_whole():
    assert preset_names() == ["detect", "document", "paper", "photo", "reimplementation"]
    for name in preset_names():
        assert from_mapping(type(preset(name)), dataclasses.asdict(preset(name))) == preset(name)
    assert preset("reimplementation").loss.terms == "reimplementation"
    assert preset("photo").loss.features_from > 0
    assert preset("document").network.base == "pullpush"
    # Mirrored writing is no writing, and the first thing a user tries has to work without a download.
    assert not preset("document").data.flip
    assert preset("document").loss.features == "none"


def test_a_file_changes_what_it_names_and_nothing_else(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text('steps = 7\n[data]\nimages = ["a", "b"]\nimage_weights = [3, 1]\n[finetune]\nsteps = 2\n')
    config = load(path, preset("paper"))
    assert (config.steps, config.total_steps, config.data.image_weights) == (7, 9, (3.0, 1.0))
    assert config.data.crop == 512
    assert load(path).network == preset("document").network


def test_single_values_are_toml_or_words():
    config = override(
        TrainConfig(),
        ["optimizer.learning_rate=2e-4", 'data.images=["x", "y"]', "precision=bf16", "loss.tv=0", "data.hub.split=val"],
    )
    assert config.optimizer.learning_rate == 2e-4
    assert config.data.images == ("x", "y")
    assert (config.precision, config.loss.tv, config.data.hub.split) == ("bf16", 0.0, "val")


@pytest.mark.parametrize(
    ("assignment", "word"),
    [
        ("steps", "="),
        ("step=3", "step"),
        ("data.size=3", "data.size"),
        ("steps=many", "whole number"),
        ("steps=0", "positive"),
        ("steps=true", "whole number"),
        ("precision=fp8", "precision"),
        ("data.scale=[1]", "scale"),
        ("network.levels=12", "levels"),
        ("network.width=1.5", "width"),
        ("data.crop=64", "levels"),
        ("data.image_weights=[1]", "image_weights"),
        ("loss.features_from=1", "features_from"),
        ("loss.hole=-1", "hole"),
        ("loss.style=3", "style"),
        ("optimizer.ema=1", "ema"),
        ("finetune.learning_rate=0", "learning rate"),
        ("seed=-1", "seed"),
        ("minutes=-1", "minutes"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(assignment, word):
    with pytest.raises(ArgumentError, match=word) as caught:
        override(TrainConfig(), [assignment])
    assert caught.value.fix


def test_files_that_cannot_be_read_say_so(tmp_path):
    with pytest.raises(FileAccessError):
        load(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("steps = = 3")
    with pytest.raises(InputFileError, match="TOML"):
        load(tmp_path / "bad.toml")
    (tmp_path / "typo.toml").write_text("[optimizer]\nlearning_rat = 1e-3\n")
    with pytest.raises(BokwonError, match=r"optimizer\.learning_rat"):
        load(tmp_path / "typo.toml")
    with pytest.raises(ArgumentError, match="document"):
        preset("papers")


def test_differences_are_named():
    new = dataclasses.asdict(TrainConfig(steps=5, optimizer=OptimizerConfig(learning_rate=1.0)))
    assert differences(dataclasses.asdict(TrainConfig()), new) == [
        "optimizer.learning_rate: 0.001 -> 1.0",
        "steps: 4000 -> 5",
    ]


def test_every_setting_is_in_the_documentation():
    text = (Path(__file__).parents[2] / "docs" / "research" / "training.md").read_text(encoding="utf-8")
    table = text[text.index("## Settings") : text.index("## Presets")]
    section = ""
    documented = set()
    for row in table.splitlines():
        for name in re.findall(r"`([a-z_.0-9]+)`", row.split("|")[1] if row.startswith("| `") else ""):
            section = name.rpartition(".")[0] or section if not name.startswith(".") else section
            documented.add(section + name if name.startswith(".") else name)
    assert set(_names(TrainConfig)) == documented


def _names(kind, where=""):
    for name, hint in typing.get_type_hints(kind).items():
        if dataclasses.is_dataclass(hint):
            yield from _names(hint, f"{where}{name}.")
        else:
            yield where + name


@pytest.mark.parametrize(
    ("assignment", "fix"),
    [
        ("optimizer.name=sgd", 'give one of "adam", "adamw", "muon"'),
        ("steps=many", "give a whole number"),
        ("optimizer.learning_rate=fast", "give a number"),
        ("loss.hole=much", "give a number"),
        ("data.flip=1", "give true or false"),
        ("init=1", "give a text"),
        ("data.images=3", "give a list, each of its values a text"),
        ("data.scale=[1.0]", "give a list of 2 values, each a number"),
        ("data=1", "give a table of settings"),
    ],
)
def test_a_wrong_value_is_told_in_words_what_may_stand_there(assignment, fix):
    with pytest.raises(ArgumentError) as caught:
        override(preset("document"), [assignment])
    assert caught.value.fix == fix
