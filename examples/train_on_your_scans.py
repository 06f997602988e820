"""Train the shipped model on with your own scans, and restore one of them with the result.

    python examples/train_on_your_scans.py SCANS OUT [--minutes 20] [--page PAGE --mask MASK] [--set KEY=VALUE]

SCANS is a folder of undamaged scans, or crops of them, of the kind that you want to restore. A few dozen are enough to
begin with. Holes are drawn while training. OUT gets the run (`run/`), the model (`mine.onnx` and its card) and, with
--page and --mask, the page restored before and after training. Needs `pip install "bokwon[train]"`.

If it is interrupted, the same command continues it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image

from bokwon import Restorer, RestoreSettings
from bokwon.export import export_checkpoint
from bokwon.inpaint.models import find_model
from bokwon.training import TrainConfig, override, preset, train


def main() -> None:
    """Train, export, restore."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scans", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--page", type=Path)
    parser.add_argument("--mask", type=Path)
    parser.add_argument("--set", action="append", default=[], dest="settings")
    options = parser.parse_args()

    start = find_model("document").path
    config = preset("document")
    assert isinstance(config, TrainConfig)
    config = override(
        config,
        [
            f"init={str(start)!r}",
            f"data.images=[{str(options.scans)!r}]",
            f"minutes={options.minutes}",
            # Time ends the run. These steps only have to be more than fit into it.
            "steps=100000",
            # A fifth of the rate of a new network: the weights are good already.
            "optimizer.learning_rate=2e-4",
            "tensorboard=false",
            *options.settings,
        ],
    )
    last = train(config, options.out / "run", resume=True, progress=tell)
    model = options.out / "mine.onnx"
    difference, _ = export_checkpoint(last, model)
    print(f"{model}: differs from PyTorch by at most {difference:.1e}")
    if options.page and options.mask:
        page, mask = Image.open(options.page).convert("RGB"), Image.open(options.mask)
        for name, used in (("before", "document"), ("after", str(model))):
            restored = Restorer(RestoreSettings(used)).restore(page, mask)
            restored.image.save(options.out / f"{name}.png")
        print(f"compare {options.out / 'before.png'} and {options.out / 'after.png'}")


def tell(step: int, figures: dict[str, float]) -> None:
    """Print a line now and then."""
    if step == 1 or step % 50 == 0:
        print(f"{figures['seconds'] / 60:5.1f} min  step {step}  loss {figures['loss']:.4f}", flush=True)


if __name__ == "__main__":
    main()
