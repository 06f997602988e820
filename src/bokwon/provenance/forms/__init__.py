"""Records in the forms that archives use: PREMIS, IIIF, ALTO, PAGE-XML and CSV."""

from bokwon.provenance.forms.alto import to_alto
from bokwon.provenance.forms.facts import Facts, PageFacts, Region, read_facts
from bokwon.provenance.forms.iiif import to_iiif
from bokwon.provenance.forms.pagexml import to_pagexml
from bokwon.provenance.forms.premis import to_premis
from bokwon.provenance.forms.table import to_csv
from bokwon.provenance.forms.zones import label_of, zone_of

__all__ = [
    "Facts",
    "PageFacts",
    "Region",
    "label_of",
    "read_facts",
    "to_alto",
    "to_csv",
    "to_iiif",
    "to_pagexml",
    "to_premis",
    "zone_of",
]
