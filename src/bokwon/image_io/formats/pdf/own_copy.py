"""A copy of a picture for one page of a PDF, if other pages draw the same picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["give_own_copy"]


def give_own_copy(pdf: Any, page: Any, paths: Sequence[tuple[str, ...]]) -> None:
    """Give a page copies of images, and of the resources and forms that lead to them.

    Args:
        pdf: The open PDF.
        page: A page of its.
        paths: The names that lead to each image, see `bokwon.image_io.formats.pdf.content.Drawn`.
    """
    copies: dict[tuple[int, int], Any] = {}
    page.obj.Resources = _copied(pdf, page.resources, page.resources, list(paths), copies)


def _copied(pdf: Any, resources: Any, inherited: Any, paths: list[tuple[str, ...]], copies: dict[Any, Any]) -> Any:
    import pikepdf

    new = pikepdf.Dictionary(dict(resources.items()))
    new.XObject = pikepdf.Dictionary(dict(resources.XObject.items()))
    for name in {path[0] for path in paths}:
        old = resources.XObject[name]
        if old.objgen not in copies:
            copies[old.objgen] = pdf.make_stream(b"")
            _copy_stream(pikepdf, old, copies[old.objgen])
        copy = copies[old.objgen]
        new.XObject[name] = copy
        if deeper := [path[1:] for path in paths if path[0] == name and len(path) > 1]:
            # A form without resources of its own draws from those around it.
            around = old.get("/Resources", inherited)
            copy.Resources = _copied(pdf, copy.get("/Resources", around), around, deeper, copies)
    return new


def _copy_stream(pikepdf: Any, old: Any, new: Any) -> None:
    data = old.read_raw_bytes()
    for key, value in old.items():
        if key != "/Length":
            new[key] = value
    filters, parameters = old.get("/Filter"), old.get("/DecodeParms")
    new.write(data, filter=filters, decode_parms=parameters)
