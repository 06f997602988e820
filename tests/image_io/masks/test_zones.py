"""Damage zones of ALTO and PAGE-XML as masks."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from bokwon.errors import InputFileError
from bokwon.image_io.document import SinglePage
from bokwon.image_io.masks.zones import ZoneDocument, open_mask
from bokwon.image_io.reader import Source

ALTO = """<?xml version="1.0"?>
<alto xmlns="http://www.loc.gov/standards/alto/ns-v4#">
 <Description><MeasurementUnit>pixel</MeasurementUnit></Description>
 <Tags><OtherTag ID="T1" LABEL="MainZone"/>
  <OtherTag ID="T2" LABEL="DamageZone:hole"/><LayoutTag ID="T3" LABEL="DamageZone"/></Tags>
 <Layout>
  <Page ID="p1" WIDTH="20" HEIGHT="10"><PrintSpace>
   <TextBlock ID="a" TAGREFS="T1" HPOS="0" VPOS="0" WIDTH="20" HEIGHT="10"/>
   <TextBlock ID="b" TAGREFS="T2 T9"><Shape><Polygon POINTS="2,1 6,1 6,4 4,4 4,3 2,3"/></Shape></TextBlock>
   <ComposedBlock ID="c" TAGREFS="T3" HPOS="15" VPOS="7" WIDTH="9" HEIGHT="2"/>
  </PrintSpace></Page>
  <Page ID="p2"><PrintSpace WIDTH="8.0" HEIGHT="6"/></Page>
 </Layout>
</alto>"""
PAGE = """<PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15">
 <Page imageFilename="x" imageWidth="20" imageHeight="10">
  <TextRegion id="a" custom="readingOrder {index:0;} structure {type:MainZone;}">
   <Coords points="0,0 20,0 20,10 0,10"/></TextRegion>
  <TextRegion id="b" custom="readingOrder {index:1;} structure {type:DamageZone;}">
   <Coords points="2,1 6,1 6,4 2,4"/></TextRegion>
  <CustomRegion id="c" type="DamageZone:charred"><Coords points="15,7 30,7 30,9 15,9"/></CustomRegion>
 </Page>
</PcGts>"""


def expected(*, notch: bool) -> np.ndarray:
    hole = np.zeros((10, 20), bool)
    hole[1:4, 2:6] = True
    hole[3, 2:4] = not notch
    hole[7:9, 15:] = True
    return hole


def document(text: str, *, white: bool = True) -> ZoneDocument:
    opened = open_mask(Source("zones.xml", data=text.encode()), max_pixels=1000, white_is_hole=white)
    assert isinstance(opened, ZoneDocument)
    return opened


def test_zones_of_alto_are_drawn_pixel_by_pixel() -> None:
    with document(ALTO) as zones:
        assert (zones.pages, zones.size(1), zones.size(2)) == (2, (20, 10), (8, 6))
        page = zones.page(1)
        assert page.mode == "1"
        np.testing.assert_array_equal(page.pixels, expected(notch=True))
        assert not zones.page(2).pixels.any()


def test_zones_of_pagexml_are_drawn_whatever_marks_them() -> None:
    with document(PAGE) as zones:
        np.testing.assert_array_equal(zones.page(1).pixels, expected(notch=False))
    # As eScriptorium and others write it, with a byte-order mark in front.
    with document("\ufeff" + PAGE, white=False) as zones:
        np.testing.assert_array_equal(~zones.page(1).pixels, expected(notch=False))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ALTO[:-7], "cannot be read as ALTO or PAGE-XML"),
        (ALTO.replace("<alto", "<!DOCTYPE a []><alto"), "document type"),
        (ALTO.replace(">pixel<", ">mm10<"), "it counts in mm10 and not in pixels"),
        (ALTO.replace(' WIDTH="20" HEIGHT="10"><Print', "><Print"), "no WIDTH and HEIGHT"),
        (ALTO.replace("2,1 6,1 6,4 4,4 4,3 2,3", "2,1 6"), "no whole points"),
        (PAGE.replace('imageWidth="20"', 'imageWidth="0"'), "no pixels"),
        (PAGE.replace('imageWidth="20"', 'imageWidth="wide"'), "cannot be read"),
        (PAGE.replace("imageWidth", "width"), "cannot be read"),
        ("<alto ></alto>", "has no page"),
    ],
)
def test_what_is_wrong_with_zones_is_said(text: str, said: str) -> None:
    with pytest.raises(InputFileError, match=said):
        document(text)


def test_large_pages_are_refused_before_they_are_drawn() -> None:
    with document(PAGE.replace('"20"', '"20000"')) as zones, pytest.raises(InputFileError, match="megapixels"):
        zones.page(1)


def test_pictures_are_opened_as_ever() -> None:
    buffer = io.BytesIO()
    Image.new("1", (4, 4)).save(buffer, "PNG")
    assert isinstance(open_mask(Source("mask.png", data=buffer.getvalue()), max_pixels=100), SinglePage)


def test_zones_are_no_image() -> None:
    with document(PAGE) as zones, pytest.raises(InputFileError, match="holds zones and no image"):
        zones.rewrite(io.BytesIO(), "PNG", lambda *_: None)
