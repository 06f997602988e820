"""Finds the damage of one page."""

from bokwon.detection.detector import Damage, Detector, Region
from bokwon.detection.kinds import FILLED, KINDS
from bokwon.detection.overlay import draw_overlay

__all__ = ["FILLED", "KINDS", "Damage", "Detector", "Region", "draw_overlay"]
