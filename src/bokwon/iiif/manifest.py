"""Reads IIIF manifests: the images in order, the title and the terms of use.

Source: IIIF Presentation API 2.1 and 3.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bokwon.errors import InputFileError
from bokwon.iiif.values import as_list, language_map, plain_text, whole_number

__all__ = ["CanvasImage", "Manifest", "Terms", "id_of", "is_image_service", "read_manifest", "read_terms", "type_of"]

LanguageMap = dict[str, list[str]]
_IMAGE_API = re.compile(r"/image(-api)?(/|$)")
"""Part of the URLs by which all versions of the Image API name themselves."""
_FIX = "name the manifest of one object, or the info.json of one image"


@dataclass(frozen=True)
class Terms:
    """The terms of use.

    Attributes:
        rights: URLs of licences and rights statements.
        statement: `label` and `value` of the statement that must be shown, as language maps; empty if there is none.
    """

    rights: tuple[str, ...] = ()
    statement: dict[str, LanguageMap] = field(default_factory=dict, hash=False)

    def facts(self) -> dict[str, Any]:
        """Return the terms for a JSON file, under the names of Presentation 3."""
        told: dict[str, Any] = {"rights": list(self.rights)} if self.rights else {}
        return told | ({"requiredStatement": self.statement} if self.statement else {})


@dataclass(frozen=True)
class CanvasImage:
    """An image on a canvas.

    Attributes:
        canvas: Number of the canvas, from 1.
        part: Number of the image on its canvas, from 1; 0 if it is the only one.
        canvas_id: Identifier of the canvas.
        label: Label of the canvas.
        url: URL of the image itself.
        service: Base URL of its image service; None if it has none.
        size: Width and height according to the manifest; None if it has none.
        terms: Terms of the canvas, if it has its own.
    """

    canvas: int
    part: int
    canvas_id: str
    label: str
    url: str
    service: str | None
    size: tuple[int, int] | None = None
    terms: Terms = field(default_factory=Terms)


@dataclass(frozen=True)
class Manifest:
    """The contents of a manifest.

    Attributes:
        id: Its identifier.
        title: Its label.
        terms: Terms of use.
        provider: Who publishes it.
        metadata: Descriptive pairs of `label` and `value`.
        canvases: Number of canvases.
        images: The images, in order.
        empty: Numbers of canvases without an image.
    """

    id: str
    title: LanguageMap
    terms: Terms
    provider: LanguageMap
    metadata: tuple[dict[str, LanguageMap], ...]
    canvases: int
    images: tuple[CanvasImage, ...]
    empty: tuple[int, ...] = ()


def id_of(content: Any) -> str:
    """Return the identifier of an object: `id` in Presentation 3, `@id` before; empty if it has none."""
    found = (content.get("id") or content.get("@id")) if isinstance(content, dict) else content
    return found if isinstance(found, str) else ""


def type_of(content: Any) -> str:
    """Return the type of an object without a prefix such as `sc:`; empty if it has none."""
    if not isinstance(content, dict):
        return ""
    return str(content.get("type") or content.get("@type") or "").rpartition(":")[2]


def read_terms(content: dict[str, Any]) -> Terms:
    """Return the terms of use of a manifest, canvas or image: `rights` and `requiredStatement`.

    Presentation 2 calls them `license` and `attribution`.
    """
    rights = [item for key in ("rights", "license") for item in as_list(content.get(key))]
    named = tuple(dict.fromkeys(url for url in map(id_of, rights) if url.isprintable() and url))
    pair = _pair(content.get("requiredStatement"))
    if not pair and (attribution := language_map(content.get("attribution"))):
        pair = {"label": {}, "value": attribution}
    if pair:
        pair["label"] = pair["label"] or {"en": ["Attribution"]}
    return Terms(named, pair)


def _pair(content: Any) -> dict[str, LanguageMap]:
    if not isinstance(content, dict):
        return {}
    pair = {name: language_map(content.get(name)) for name in ("label", "value")}
    return pair if pair["value"] else {}


def is_image_service(content: Any) -> bool:
    """Return whether an object is the information of an image service (info.json), or a reference to one."""
    if not isinstance(content, dict):
        return False
    urls = [content.get("protocol"), *as_list(content.get("@context")), *as_list(content.get("profile"))]
    has_url = any(isinstance(url, str) and _IMAGE_API.search(url) for url in urls)
    return has_url or type_of(content).startswith("ImageService")


def read_manifest(content: Any, name: str) -> Manifest:
    """Read a manifest of Presentation 2 or 3.

    Args:
        content: Its JSON.
        name: File or URL, for messages; also the identifier of a manifest that has none.

    Raises:
        InputFileError: It is not a manifest, or holds no image.
    """
    kind = type_of(content)
    if kind == "Collection":
        parts = [*as_list(content.get("items")), *as_list(content.get("manifests"))]
        first = next(filter(None, map(id_of, parts)), "")
        fix = f"name one of them{f', such as {first}' if first else ''}"
        raise InputFileError(f"{name} is a collection of {len(parts)} manifests", fix)
    if kind != "Manifest":
        raise InputFileError(f"{name} is neither a IIIF manifest nor the information of a IIIF image", _FIX)
    canvases = as_list(content.get("items"))
    if not canvases:
        # Presentation 2.
        sequences = [item for item in as_list(content.get("sequences")) if isinstance(item, dict)]
        # Further sequences hold the same canvases in another order.
        canvases = as_list(sequences[0].get("canvases")) if sequences else []
    images: list[CanvasImage] = []
    empty: list[int] = []
    for number, canvas in enumerate(canvases, 1):
        found = list(_images(number, canvas)) if isinstance(canvas, dict) else []
        images += found
        if not found:
            empty.append(number)
    if not images:
        raise InputFileError(f"{name} holds no images", _FIX)
    providers = [item for item in as_list(content.get("provider")) if isinstance(item, dict)]
    return Manifest(
        id_of(content) or name,
        language_map(content.get("label")),
        read_terms(content),
        language_map(providers[0].get("label")) if providers else {},
        tuple(filter(None, map(_pair, as_list(content.get("metadata"))))),
        len(canvases),
        tuple(images),
        tuple(empty),
    )


def _images(number: int, canvas: dict[str, Any]) -> Iterator[CanvasImage]:
    """Yield the images that are painted on a canvas. Of alternatives, only the first is taken."""
    pages = [page for page in as_list(canvas.get("items")) if isinstance(page, dict)]
    notes = [note for page in pages for note in as_list(page.get("items"))] + as_list(canvas.get("images"))
    resources = []
    for note in notes:
        if isinstance(note, dict) and str(note.get("motivation", "painting")).removeprefix("sc:") == "painting":
            for body in as_list(note.get("body", note.get("resource"))):
                resource = _resource(body)
                if resource is not None:
                    resources.append(resource)
    label = plain_text(language_map(canvas.get("label")))
    for part, resource in enumerate(resources, 1):
        width, height = whole_number(resource.get("width")), whole_number(resource.get("height"))
        services = [item for item in as_list(resource.get("service")) if is_image_service(item) and id_of(item)]
        yield CanvasImage(
            number,
            part if len(resources) > 1 else 0,
            id_of(canvas),
            label,
            id_of(resource),
            id_of(services[0]).rstrip("/") if services else None,
            (width, height) if width and height else None,
            read_terms(canvas),
        )


def _resource(body: Any, depth: int = 0) -> dict[str, Any] | None:
    """Return the image of an annotation's body; None for sound, text and the like."""
    if not isinstance(body, dict) or depth > 3:
        return None
    kind = type_of(body)
    inner = {
        "Choice": [*as_list(body.get("default")), *as_list(body.get("items")), *as_list(body.get("item"))],
        # A part of an image. The whole image is downloaded.
        "SpecificResource": [body.get("source"), body.get("full")],
    }.get(kind)
    if inner is not None:
        return next(filter(None, (_resource(item, depth + 1) for item in inner)), None)
    return body if kind == "Image" and id_of(body) else None
