"""Pages as the browser shows them: decoded once, as tiles, thumbnails and evidence pictures."""

from bokwon.serve.folder.view.layers import Layers
from bokwon.serve.folder.view.page_cache import PageCache
from bokwon.serve.folder.view.shown import ShownPage

__all__ = ["Layers", "PageCache", "ShownPage"]
