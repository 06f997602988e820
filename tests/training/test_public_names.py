"""What `bokwon.training` and `bokwon.training.data` name."""

import subprocess
import sys

import pytest

import bokwon.training
import bokwon.training.data


def test_the_names_of_the_room():
    assert bokwon.training.__all__ == [
        "DataConfig",
        "FinetuneConfig",
        "HubConfig",
        "Interrupted",
        "LossConfig",
        "OptimizerConfig",
        "PagesConfig",
        "TrainConfig",
        "load",
        "load_network",
        "override",
        "preset",
        "preset_names",
        "train",
    ]


@pytest.mark.parametrize("module", [bokwon.training, bokwon.training.data])
def test_every_name_is_there(module):
    assert [name for name in module.__all__ if getattr(module, name, None) is None] == []
    with pytest.raises(AttributeError):
        _ = module.no_such_name


@pytest.mark.parametrize("module", ["bokwon.training", "bokwon.training.data", "bokwon.training.checkpoint"])
def test_rooms_can_be_imported_first_and_without_accelerate(module):
    program = f"import sys; sys.modules['accelerate'] = None; import {module}; print('loaded')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "loaded\n", done.stderr
