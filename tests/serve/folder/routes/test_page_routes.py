"""Addresses of the folder, its pages and their pictures."""

from __future__ import annotations

import numpy as np

from bokwon.version import __version__
from tests.serve.conftest import picture_of
from tests.serve.folder.conftest import SIZE, Opened, noise


def test_the_folder_is_described(opened: Opened) -> None:
    told = opened.client.get("folder").json()
    assert told["name"] == "scans"
    assert told["output"].endswith("scans/restored")
    assert told["state_file"].endswith("scans/.bokwon/page.sqlite")
    assert (told["total"], told["counts"]["new"], told["readonly"], told["notices"]) == (5, 5, False, [])
    assert [model["name"] for model in told["models"]] == ["document", "photo"]
    assert all(model["title"] for model in told["models"])
    assert (told["methods"], told["version"]) == (["model", "telea", "ns"], __version__)
    assert told["finishes"] == ["standard", "conservative", "off"]
    assert told["materials"] == ["auto", "page", "photo", "rubbing"]


def test_pages_are_listed_in_parts(opened: Opened) -> None:
    told = opened.client.get("pages?offset=1&limit=2").json()
    assert (told["total"], [page["name"] for page in told["pages"]]) == (5, ["b.jpg", "c.tif"])
    assert opened.client.get("pages?state=restored").json() == {"total": 0, "pages": []}
    for query in ("order=best", "state=good", "offset=-1", "limit=0", "limit=100000", "offset=x"):
        assert opened.client.get(f"pages?{query}").status_code == 422


def test_a_page_knows_its_neighbours(opened: Opened) -> None:
    pages = opened.pages()
    told = opened.facts(f"pages/{pages[1]['id']}")
    assert (told["previous"], told["next"]) == (pages[0]["id"], pages[2]["id"])
    assert opened.facts(f"pages/{pages[0]['id']}")["previous"] is None
    assert opened.facts(f"pages/{pages[-1]['id']}")["next"] is None
    assert (told["regions"], told["evidence"]) == ([], False)


def test_the_header_of_a_damaged_file_tells_no_size(opened: Opened) -> None:
    damaged = bytearray((opened.folder / "a.png").read_bytes())
    damaged[16:24] = b"xxxxxxxx"
    (opened.folder / "a.png").write_bytes(damaged)
    opened.workspace.index.refresh(force=True)
    told = opened.facts(opened.page("a.png"))
    assert told["problem"]
    assert (told["width"], told["height"]) == (0, 0)


def test_tiles_of_the_scan_are_asked_for_again_and_those_of_a_version_are_kept(opened: Opened) -> None:
    address = opened.page("a.png")
    first = opened.client.get(address + "/tiles/original/7/0_0")
    assert first.headers["content-type"] == "image/png"
    assert (picture_of(first.content) == noise(1)).all()
    assert first.headers["cache-control"] == "private, no-cache"
    tag = {"If-None-Match": first.headers["etag"]}
    assert opened.client.get(address + "/tiles/original/7/0_0", headers=tag).status_code == 304
    assert opened.client.get(address + "/tiles/original/5/0_0").headers["content-type"] == "image/jpeg"
    opened.draw(address, (10, 10, 30, 30))
    opened.run(address + "/restore")
    version = opened.facts(address)["restored_version"]
    kept = opened.client.get(address + f"/tiles/restored/7/0_0?v={version}")
    assert "immutable" in kept.headers["cache-control"]
    assert (picture_of(kept.content) == opened.restored("a.png")).all()
    assert "immutable" not in opened.client.get(address + "/tiles/restored/7/0_0?v=5").headers["cache-control"]


def test_what_is_not_there_is_told(opened: Opened) -> None:
    address = opened.page("a.png")
    for path, status in (
        ("/tiles/original/8/0_0", 404),
        ("/tiles/original/7/1_0", 404),
        ("/tiles/restored/7/0_0", 404),
        ("/tiles/evidence/7/0_0", 404),
        ("/tiles/other/7/0_0", 422),
        ("/thumbnail?layer=restored", 404),
        ("/thumbnail?layer=other", 422),
    ):
        answer = opened.client.get(address + path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), path


def test_thumbnails_are_kept_until_the_file_changes(opened: Opened) -> None:
    address = opened.page("c.tif", 1)
    first = opened.client.get(address + "/thumbnail")
    assert picture_of(first.content).shape == SIZE
    again = opened.client.get(address + "/thumbnail", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert (
        opened.workspace.state.thumbnail(
            address.removeprefix("pages/"),
            "original",
            opened.workspace.state._rows("SELECT stamp FROM thumbnails")[0][0],
        )
        == first.content
    )


def test_decisions_are_made_and_taken_back(opened: Opened) -> None:
    address = opened.page("a.png")
    for decision, state in (
        ("approve", "approved as it is"),
        ("reject", "needs a look"),
        ("undamaged", "undamaged"),
        ("open", "new"),
    ):
        answer = opened.client.post(address + "/decision", json={"decision": decision})
        told = answer.json()
        assert (told["state"], told["decision"]) == (state, None if decision == "open" else decision)
        assert (told["decided"] is None) is (decision == "open")
    assert opened.client.post(address + "/decision", json={"decision": "maybe"}).status_code == 422
    assert opened.client.post(address + "/decision", content=b"{").status_code == 400


def test_pictures_are_of_eight_bits(opened: Opened) -> None:
    assert picture_of(opened.client.get(opened.page("c.tif", 0) + "/tiles/original/7/0_0").content).dtype == np.uint8
