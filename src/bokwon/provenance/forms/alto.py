"""ALTO 4: the filled holes as damage zones of the page.

Source: ALTO XML schema 4.4, Library of Congress.
"""

from __future__ import annotations

from bokwon.provenance.forms.facts import Facts, PageFacts, Region
from bokwon.provenance.forms.tree import Element, add, root_of, to_bytes
from bokwon.provenance.forms.zones import label_of, zone_of

__all__ = ["to_alto"]

_NAMESPACE = "http://www.loc.gov/standards/alto/ns-v4#"
_SCHEMA = "http://www.loc.gov/standards/alto/v4/alto-4-4.xsd"
_STEP = "restoration"


def to_alto(facts: Facts) -> bytes:
    """Return the damage zones of a record's pages. The zones refer to the input image, which shows the damage."""
    root = root_of("alto", _NAMESPACE, _SCHEMA, SCHEMAVERSION="4.4")
    _describe(add(root, "Description"), facts)
    zones: dict[str, str] = {}
    tags = add(root, "Tags")
    for page in facts.pages:
        for region in page.regions:
            zone = zone_of(region.damage)
            if zone not in zones:
                zones[zone] = f"zone{len(zones) + 1}"
                add(tags, "OtherTag", ID=zones[zone], LABEL=zone, DESCRIPTION="SegmOnto zone")
    layout = add(root, "Layout")
    for page in facts.pages:
        _add_page(layout, page, zones)
    return to_bytes(root)


def _describe(description: Element, facts: Facts) -> None:
    add(description, "MeasurementUnit", "pixel")
    source = add(description, "sourceImageInformation")
    add(source, "fileName", facts.input.name)
    add(source, "fileIdentifier", facts.input_sha256, fileIdentifierLocation="sha256")
    step = add(description, "Processing", ID=_STEP)
    add(step, "processingCategory", "contentModification")
    add(step, "processingDateTime", facts.time)
    add(step, "processingStepDescription", f"filled the damage; the restored image is {facts.output.name}")
    add(step, "processingStepSettings", f"{facts.tool}, engine {facts.engine}")
    software = add(step, "processingSoftware")
    add(software, "softwareName", "bokwon")
    add(software, "softwareVersion", facts.version)


def _add_page(layout: Element, page: PageFacts, zones: dict[str, str]) -> None:
    width, height = page.size
    element = add(layout, "Page", ID=f"page{page.number}", PHYSICAL_IMG_NR=page.number, WIDTH=width, HEIGHT=height)
    space = add(element, "PrintSpace", HPOS=0, VPOS=0, WIDTH=width, HEIGHT=height)
    for number, region in enumerate(page.regions, 1):
        _add_zone(space, f"page{page.number}_damage{number}", region, zones)


def _add_zone(space: Element, name: str, region: Region, zones: dict[str, str]) -> None:
    left, top, width, height = region.box
    block = add(
        space,
        "ComposedBlock",
        ID=name,
        TYPE=label_of(region.damage)[0],
        TAGREFS=zones[zone_of(region.damage)],
        PROCESSINGREFS=_STEP,
        HPOS=left,
        VPOS=top,
        WIDTH=width,
        HEIGHT=height,
    )
    add(add(block, "Shape"), "Polygon", POINTS=" ".join(f"{x},{y}" for x, y in region.outline))
