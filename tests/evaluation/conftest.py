"""What evaluation needs beyond the runtime."""

from __future__ import annotations

import pytest

pytest.importorskip("skimage", reason="evaluation needs scikit-image, which is in bokwon[eval]")
pytest.importorskip("matplotlib", reason="evaluation needs matplotlib, which is in bokwon[eval]")
