"""Methods, their figures, time and memory."""

from bokwon.evaluation.measure.benchmark import JOURNAL, Folders, Task, measure_all, restored_picture, run_task
from bokwon.evaluation.measure.external import Command, ResultFolder
from bokwon.evaluation.measure.external_onnx import PRESETS, Contract, ExternalOnnx, parse_contract
from bokwon.evaluation.measure.filler import Filler, OwnFiller
from bokwon.evaluation.measure.ink import INK_FIGURES, LEAST_INK, ink_of, measure_ink, paper_of
from bokwon.evaluation.measure.journal import Journal, open_new_folder, open_report, write_text
from bokwon.evaluation.measure.local import (
    DEVIATIONS,
    THICKNESSES,
    deviation_classes,
    error_by_class,
    thickness_classes,
)
from bokwon.evaluation.measure.machine import Cost, conditions, describe_machine, metered, versions
from bokwon.evaluation.measure.methods import ERASED, TIMEOUT, IdentityEngine, Method, erase, parse_methods
from bokwon.evaluation.measure.metrics import PSNR_CEILING, hole_l1, hole_psnr, l1, measure, psnr, ssim
from bokwon.evaluation.measure.perceptual import (
    BY_PAIR,
    BY_SET,
    NOT_ASKED,
    PERCEPTUAL,
    load_metrics,
    measure_perceptual,
)

__all__ = [
    "BY_PAIR",
    "BY_SET",
    "DEVIATIONS",
    "ERASED",
    "INK_FIGURES",
    "JOURNAL",
    "LEAST_INK",
    "NOT_ASKED",
    "PERCEPTUAL",
    "PRESETS",
    "PSNR_CEILING",
    "THICKNESSES",
    "TIMEOUT",
    "Command",
    "Contract",
    "Cost",
    "ExternalOnnx",
    "Filler",
    "Folders",
    "IdentityEngine",
    "Journal",
    "Method",
    "OwnFiller",
    "ResultFolder",
    "Task",
    "conditions",
    "describe_machine",
    "deviation_classes",
    "erase",
    "error_by_class",
    "hole_l1",
    "hole_psnr",
    "ink_of",
    "l1",
    "load_metrics",
    "measure",
    "measure_all",
    "measure_ink",
    "measure_perceptual",
    "metered",
    "open_new_folder",
    "open_report",
    "paper_of",
    "parse_contract",
    "parse_methods",
    "psnr",
    "restored_picture",
    "run_task",
    "ssim",
    "thickness_classes",
    "versions",
    "write_text",
]
