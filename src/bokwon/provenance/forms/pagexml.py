"""PAGE-XML: the filled holes of one page as damage zones.

Source: PAGE content schema of 2019-07-15, PRImA Research Lab.
"""

from __future__ import annotations

from bokwon.provenance.forms.facts import Facts, Region
from bokwon.provenance.forms.tree import Element, add, root_of, to_bytes
from bokwon.provenance.forms.zones import label_of, zone_of

__all__ = ["to_pagexml"]

_NAMESPACE = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"


def to_pagexml(facts: Facts) -> bytes:
    """Return the damage zones of a record's only page. The zones refer to the input image, which shows the damage.

    Raises:
        ArgumentError: There are several pages.
    """
    page = facts.single_page("PAGE-XML")
    root = root_of("PcGts", _NAMESPACE, f"{_NAMESPACE}/pagecontent.xsd")
    metadata = add(root, "Metadata")
    add(metadata, "Creator", f"bokwon {facts.version}")
    for name in ("Created", "LastChange"):
        add(metadata, name, facts.time)
    add(metadata, "MetadataItem", type="processingStep", name="restoration", value=facts.tool, date=facts.time)
    width, height = page.size
    element = add(root, "Page", imageFilename=facts.input.name, imageWidth=width, imageHeight=height)
    add(element, "AlternativeImage", filename=facts.output.name, comments="restored")
    for number, region in enumerate(page.regions, 1):
        _add_zone(element, f"damage{number}", region, facts.levels)
    return to_bytes(root)


def _add_zone(page: Element, name: str, region: Region, levels: int) -> None:
    zone = zone_of(region.damage)
    about = f"{label_of(region.damage)[0]}, filled; evidence level {region.evidence} of {levels}"
    element = add(page, "CustomRegion", id=name, custom=f"structure {{type:{zone};}}", comments=about, type=zone)
    points = " ".join(f"{x},{y}" for x, y in region.outline)
    add(element, "Coords", points=points, conf=region.confidence)
