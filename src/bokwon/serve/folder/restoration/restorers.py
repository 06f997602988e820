"""The restorers in use, and the material that each page of a folder shows."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from weakref import WeakKeyDictionary

from bokwon.inpaint.restorer import Restorer
from bokwon.serve.folder.view.shown import ShownPage
from bokwon.settings import Material, RestoreSettings
from bokwon.types import Hole

__all__ = ["Restorers"]

_MOST_LOADED = 3
"""How many restorers are kept, each with its loaded models."""


class Restorers:
    """Keeps the restorers that were used last; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._restorers: OrderedDict[RestoreSettings, Restorer] = OrderedDict()
        # For each decoded page: the version of the mask, and the material that the page shows outside it.
        self._materials: WeakKeyDictionary[ShownPage, tuple[Hashable, Material | None]] = WeakKeyDictionary()

    def of(self, settings: RestoreSettings) -> Restorer:
        """Return the restorer for these settings. Each is loaded once.

        Raises:
            BokwonError: The model cannot be loaded.
        """
        with self._lock:
            found = self._restorers.get(settings) or Restorer(settings)
            self._restorers[settings] = found
            self._restorers.move_to_end(settings)
            while len(self._restorers) > _MOST_LOADED:
                self._restorers.popitem(last=False)
            return found

    def of_page(self, settings: RestoreSettings, shown: ShownPage, hole: Hole, version: Hashable) -> Restorer:
        """Return the restorer of one material that suits a page.

        The whole page is classified, because a part of it may not show its material. That takes long on a large page,
        so it is done once for each version of its mask.

        Args:
            settings: The settings.
            shown: The decoded page.
            hole: (H, W), the pixels of its mask, as stored.
            version: The version of that mask.

        Raises:
            BokwonError: A model cannot be loaded.
        """
        restorer = self.of(settings)
        if not settings.chooses_material:
            return restorer
        with self._lock:
            known, material = self._materials.get(shown, (None, None))
        if material is not None and known == version:
            return restorer.of(material)
        choice = restorer.choose(shown.page.pixels, shown.page.mode, hole)
        with self._lock:
            self._materials[shown] = version, choice.material
        return choice.restorer
