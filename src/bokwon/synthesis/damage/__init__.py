"""Document damage as hole, class and appearance."""

from bokwon.synthesis.damage.damage import KINDS, Damaged, DamageRecord, apply_damage
from bokwon.synthesis.damage.shapes import facing_leaf

__all__ = ["KINDS", "DamageRecord", "Damaged", "apply_damage", "facing_leaf"]
