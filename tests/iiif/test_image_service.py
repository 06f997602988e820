"""Which requests bring an image at full size."""

from __future__ import annotations

from typing import Any

import pytest

from bokwon.errors import InputFileError
from bokwon.iiif.image_service import base_of, read_info

BASE = "https://images.example/7"
THREE = {"@context": "http://iiif.io/api/image/3/context.json", "id": BASE, "type": "ImageService3"}
TWO = {"@context": "http://iiif.io/api/image/2/context.json", "@id": BASE, "protocol": "http://iiif.io/api/image"}


def three(level: int = 2, **more: Any) -> dict[str, Any]:
    return {**THREE, "profile": f"level{level}", "width": 1000, "height": 700, **more}


def two(level: int = 2, **more: Any) -> dict[str, Any]:
    profile = [f"http://iiif.io/api/image/2/level{level}.json", more.pop("profile", {})]
    return {**TWO, "profile": profile, "width": 1000, "height": 700, **more}


def requests(content: dict[str, Any]) -> list[str]:
    service = read_info(content, BASE)
    tiles = service.tiles()
    return [] if tiles is None else [tile.url.removeprefix(BASE) for tile in tiles]


def test_the_whole_image_is_one_request() -> None:
    assert read_info(three(), BASE).whole == f"{BASE}/full/max/0/default.jpg"
    assert read_info(two(), BASE).whole == f"{BASE}/full/full/0/default.jpg"
    assert not read_info(three(), BASE).is_capped


@pytest.mark.parametrize(
    ("limits", "capped"),
    [
        ({"maxWidth": 1000}, False),
        ({"maxWidth": 999}, True),
        ({"maxWidth": 1000, "maxHeight": 699}, True),
        ({"maxArea": 700_000}, False),
        ({"maxArea": 699_999}, True),
        # The width alone means both sides.
        ({"maxWidth": 1000, "width": 900, "height": 1001}, True),
        ({"maxWidth": "800"}, True),
        ({"maxWidth": 0, "maxArea": None}, False),
    ],
)
def test_limits_are_read_in_both_versions(limits: dict[str, Any], capped: bool) -> None:
    sizes = {name: limits[name] for name in ("width", "height") if name in limits}
    limits = {name: value for name, value in limits.items() if name not in sizes}
    assert read_info(three(**limits, **sizes), BASE).is_capped is capped
    assert read_info(two(profile=limits, **sizes), BASE).is_capped is capped


def test_tiles_have_the_canonical_urls() -> None:
    tiles = [{"width": 600, "height": 500, "scaleFactors": [1, 2]}]
    assert requests(three(tiles=tiles)) == [
        "/0,0,600,500/600,500/0/default.jpg",
        "/600,0,400,500/400,500/0/default.jpg",
        "/0,500,600,200/600,200/0/default.jpg",
        "/600,500,400,200/400,200/0/default.jpg",
    ]
    assert requests(two(tiles=tiles))[1] == "/600,0,400,500/400,/0/default.jpg"
    assert requests(three(0, tiles=[{"width": 1024, "scaleFactors": [1]}])) == ["/full/max/0/default.jpg"]
    assert requests(two(0, tiles=[{"width": 1024, "scaleFactors": [1]}])) == ["/full/full/0/default.jpg"]


def test_of_several_tiles_the_largest_at_full_size_is_taken() -> None:
    tiles = [
        {"width": 128, "scaleFactors": [1, 2]},
        {"width": 512, "scaleFactors": [2, 4]},
        {"width": 256, "scaleFactors": [1]},
        {"width": -1, "scaleFactors": [1]},
        "no tile",
    ]
    assert read_info(three(tiles=tiles), BASE).tile == (256, 256)


def test_tiles_that_are_over_the_limit_give_way_to_others() -> None:
    tiles = [{"width": 512, "scaleFactors": [1]}]
    assert requests(three(maxArea=90_000, tiles=tiles))[0] == "/0,0,300,300/300,300/0/default.jpg"
    assert requests(three(maxWidth=700, maxHeight=200))[0] == "/0,0,700,200/700,200/0/default.jpg"
    # Level 0 has no other regions.
    assert requests(three(0, maxWidth=300, tiles=tiles)) == []
    assert requests(three(0, maxWidth=300)) == []
    assert requests(three(0, maxWidth=300, extraFeatures=["regionByPx"]))[0] == "/0,0,300,300/300,300/0/default.jpg"
    assert (
        requests(two(0, profile={"maxWidth": 300, "supports": ["regionByPx"]}))[0] == "/0,0,300,300/300,/0/default.jpg"
    )


def test_version_1_has_other_names() -> None:
    content = {
        "@context": "http://library.stanford.edu/iiif/image-api/1.1/context.json",
        "@id": BASE,
        "width": 1000,
        "height": 700,
        "scale_factors": [1, 2],
        "tile_width": 600,
        "tile_height": 700,
        "profile": "http://library.stanford.edu/iiif/image-api/1.1/compliance.html#level1",
    }
    assert read_info(content, BASE).whole == f"{BASE}/full/full/0/native.jpg"
    assert requests(content) == ["/0,0,600,700/600,/0/native.jpg", "/600,0,400,700/400,/0/native.jpg"]
    assert requests({**content, "tile_width": None})[0] == "/full/full/0/native.jpg"


def test_tiny_tiles_are_no_way() -> None:
    assert requests(three(tiles=[{"width": 1, "scaleFactors": [1]}])) == []
    assert requests(three(maxArea=100)) == []


@pytest.mark.parametrize(
    ("preferred", "taken"), [(["webp", "png"], "png"), (["tif"], "tif"), (["gif"], "jpg"), ("x", "jpg")]
)
def test_the_preferred_format_is_asked_for(preferred: Any, taken: str) -> None:
    assert read_info(three(preferredFormats=preferred), BASE).whole.endswith(f"default.{taken}")


def test_the_id_goes_before_the_address_and_terms_are_read() -> None:
    found = read_info(three(rights="https://a.example/r"), "https://other.example/7")
    assert (found.base, found.terms.rights) == (BASE, ("https://a.example/r",))
    assert read_info({**two(), "@id": None}, "https://other.example/7").base == "https://other.example/7"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, "is not the information of a IIIF image"),
        ([], "is not the information of a IIIF image"),
        (three(width=None), "does not tell the size"),
        (three(width=-5), "does not tell the size"),
        (three(height=float("inf")), "does not tell the size"),
        (three(height=True), "does not tell the size"),
    ],
)
def test_other_content_is_refused(content: Any, said: str) -> None:
    with pytest.raises(InputFileError, match=said):
        read_info(content, BASE)


@pytest.mark.parametrize(
    "url",
    [
        BASE,
        f"{BASE}/",
        f"{BASE}/info.json",
        f"{BASE}/full/max/0/default.jpg",
        f"{BASE}/0,0,100,100/!90,90/!22.5/gray.png",
        f"{BASE}/pct:10,10,80,80/full/0/native.jpg#x",
    ],
)
def test_a_service_is_known_by_each_of_its_urls(url: str) -> None:
    assert base_of(url) == BASE
