"""From checkpoints to model files that the runtime runs."""

from bokwon.export.feature_maps import encoder_features
from bokwon.export.mix import mix_into
from bokwon.export.model import export_checkpoint, facts_of
from bokwon.export.onnx import check_parity, export, export_int8, write_card
from bokwon.nn.folding import fold_batch_norm

__all__ = [
    "check_parity",
    "encoder_features",
    "export",
    "export_checkpoint",
    "export_int8",
    "facts_of",
    "fold_batch_norm",
    "mix_into",
    "write_card",
]
