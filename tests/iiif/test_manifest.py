"""What is read of manifests of Presentation 2 and 3."""

from __future__ import annotations

from typing import Any

import pytest

from bokwon.errors import InputFileError
from bokwon.iiif.manifest import Terms, read_manifest

RIGHTS = "http://rightsstatements.org/vocab/NoC-NC/1.0/"


def image(name: str, **more: Any) -> dict[str, Any]:
    service = {"id": f"https://images.example/{name}/", "type": "ImageService3", "profile": "level2"}
    return {"id": f"https://images.example/{name}.jpg", "type": "Image", "service": [service], **more}


def canvas(*bodies: Any, motivation: str = "painting", **more: Any) -> dict[str, Any]:
    notes = [{"type": "Annotation", "motivation": motivation, "body": body} for body in bodies]
    return {
        "id": "https://a.example/c",
        "type": "Canvas",
        "items": [{"type": "AnnotationPage", "items": notes}],
        **more,
    }


def manifest(*canvases: Any, **more: Any) -> dict[str, Any]:
    return {"id": "https://a.example/m", "type": "Manifest", "items": list(canvases), **more}


def test_a_manifest_of_version_3() -> None:
    content = manifest(
        canvas(image("one"), label={"none": ["fol. 1r"]}),
        canvas(image("two"), rights="https://creativecommons.org/licenses/by/4.0/"),
        label={"ko": ["문서"]},
        rights=RIGHTS,
        requiredStatement={"label": {"en": ["Credit"]}, "value": {"en": ["An archive"], "ko": ["기록관"]}},
        provider=[{"id": "https://a.example", "type": "Agent", "label": {"en": ["Archive"]}}],
        metadata=[{"label": {"en": ["Date"]}, "value": {"none": ["1907"]}}, {"label": {"en": ["empty"]}}, 7],
    )
    found = read_manifest(content, "m.json")
    assert (found.id, found.title, found.provider) == (
        "https://a.example/m",
        {"ko": ["문서"]},
        {"en": ["Archive"]},
    )
    statement = {"label": {"en": ["Credit"]}, "value": {"en": ["An archive"], "ko": ["기록관"]}}
    assert found.terms == Terms((RIGHTS,), statement)
    assert found.terms.facts() == {"rights": [RIGHTS], "requiredStatement": statement}
    assert found.metadata == ({"label": {"en": ["Date"]}, "value": {"none": ["1907"]}},)
    first, second = found.images
    assert (first.canvas, first.part, first.label, first.service) == (1, 0, "fol. 1r", "https://images.example/one")
    assert first.terms == Terms()
    assert second.terms == Terms(("https://creativecommons.org/licenses/by/4.0/",))
    assert (found.canvases, found.empty) == (2, ())


def test_a_manifest_of_version_2() -> None:
    resource = {
        "@id": "https://images.example/one/full/full/0/default.jpg",
        "@type": "dctypes:Image",
        "service": {
            "@context": "http://iiif.io/api/image/2/context.json",
            "@id": "https://images.example/one",
            "profile": "http://iiif.io/api/image/2/level1.json",
        },
    }
    pages = [
        {"@id": "c1", "label": "1v", "images": [{"motivation": "sc:painting", "resource": resource}]},
        {"@id": "c2", "label": "2r", "images": [{"motivation": "sc:painting", "resource": {"@type": "oa:Choice",
         "default": {**resource, "service": None}, "item": [resource]}}]},
    ]  # fmt: skip
    content = {
        "@id": "https://a.example/m2",
        "@type": "sc:Manifest",
        "label": [{"@value": "Papers", "@language": "en"}],
        "license": ["https://a.example/terms", RIGHTS],
        "attribution": {"@value": "기록관", "@language": "ko"},
        "sequences": [{"canvases": pages}, {"canvases": []}],
    }
    found = read_manifest(content, "m.json")
    assert (found.id, found.title) == ("https://a.example/m2", {"en": ["Papers"]})
    assert found.terms == Terms(
        ("https://a.example/terms", RIGHTS), {"label": {"en": ["Attribution"]}, "value": {"ko": ["기록관"]}}
    )
    assert [(item.canvas_id, item.label, item.service) for item in found.images] == [
        ("c1", "1v", "https://images.example/one"),
        ("c2", "2r", None),
    ]
    assert found.images[1].url == "https://images.example/one/full/full/0/default.jpg"


def test_what_is_painted_is_an_image_and_of_a_choice_the_first() -> None:
    choice = {"type": "Choice", "items": [{"type": "Text", "id": "x"}, image("ir"), image("uv")]}
    part = {"type": "SpecificResource", "source": image("detail")}
    found = read_manifest(
        manifest(
            canvas(choice, part),
            canvas({"type": "Sound", "id": "https://a.example/x.mp3"}),
            canvas(image("note"), motivation="commenting"),
            "no canvas",
            canvas([image("a"), image("b")]),
        ),
        "m.json",
    )
    assert [(item.canvas, item.part, item.service) for item in found.images] == [
        (1, 1, "https://images.example/ir"),
        (1, 2, "https://images.example/detail"),
        (5, 1, "https://images.example/a"),
        (5, 2, "https://images.example/b"),
    ]
    assert found.empty == (2, 3, 4)


def test_a_choice_within_a_choice_ends() -> None:
    endless: dict[str, Any] = {"type": "Choice"}
    endless["items"] = [endless]
    assert read_manifest(manifest(canvas(endless), canvas(image("a"))), "m").empty == (1,)


def test_other_services_are_no_image_services() -> None:
    login = {"@id": "https://a.example/login", "profile": "http://iiif.io/api/auth/1/login"}
    found = read_manifest(manifest(canvas(image("a", service=[login]))), "m.json")
    assert found.images[0].service is None
    assert found.images[0].url == "https://images.example/a.jpg"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([], "m.json is neither a IIIF manifest nor"),
        ({"type": "Canvas"}, "m.json is neither a IIIF manifest nor"),
        (manifest(), "m.json holds no images"),
        (manifest(7, canvas()), "m.json holds no images"),
        ({"@type": "sc:Manifest", "sequences": ["x"]}, "m.json holds no images"),
        (
            {"type": "Collection", "items": [{"id": "https://a.example/m1", "type": "Manifest"}, {"id": "y"}]},
            "m.json is a collection of 2 manifests; name one of them, such as https://a.example/m1",
        ),
        ({"@type": "sc:Collection"}, "m.json is a collection of 0 manifests; name one of them$"),
    ],
)
def test_other_content_is_refused(content: Any, said: str) -> None:
    with pytest.raises(InputFileError, match=said):
        read_manifest(content, "m.json")
