"""Windows of pages and photographs with synthetic damage. Place and class are known, to train the damage detector."""

from bokwon.synthesis.scenes.classes import CLASSES, IGNORE, NOT_DAMAGE
from bokwon.synthesis.scenes.scene import Scene, draw_scene
from bokwon.synthesis.scenes.sources import Base, Sources

__all__ = ["CLASSES", "IGNORE", "NOT_DAMAGE", "Base", "Scene", "Sources", "draw_scene"]
