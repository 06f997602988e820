"""Hold what `bokwon record export` writes against the published schemas, which this repository does not hold.

Download them into a folder, then run: python benchmarks/check_forms.py FOLDER. It needs lxml and jsonschema.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import jsonschema
from lxml import etree

SCHEMAS = {
    "premis": ("premis.xsd", "https://www.loc.gov/standards/premis/v3/premis.xsd"),
    "alto": ("alto-4-4.xsd", "https://www.loc.gov/standards/alto/v4/alto-4-4.xsd"),
    "pagexml": ("pagecontent.xsd", "https://github.com/PRImA-Research-Lab/PAGE-XML, gts/pagecontent/2019-07-15"),
    "iiif": ("iiif_3_0.json", "https://github.com/IIIF/presentation-validator, schema"),
}
XLINK = b"http://www.loc.gov/standards/xlink/xlink.xsd"
"""ALTO imports one group of attributes from there. bokwon writes none of them, so an empty one stands for it."""
EMPTY_XLINK = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/1999/xlink">
<xs:attributeGroup name="simpleLink"/></xs:schema>"""
EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def bokwon(*arguments: str) -> None:
    """Run the command."""
    subprocess.run([sys.executable, "-m", "bokwon", *arguments, "-q"], check=True)


def check(form: str, written: Path, schemas: Path, scratch: Path) -> None:
    """Raise an error where a file does not follow its schema."""
    schema = schemas / SCHEMAS[form][0]
    if form == "iiif":
        jsonschema.validate(json.loads(written.read_bytes()), json.loads(schema.read_bytes()))
        return
    xlink = scratch / "xlink.xsd"
    xlink.write_text(EMPTY_XLINK)
    content = schema.read_bytes().replace(XLINK, xlink.as_uri().encode())
    etree.XMLSchema(etree.fromstring(content)).assertValid(etree.parse(written))


def main() -> None:
    """Restore the examples, by the model and by a classical method, and check every form of their records."""
    schemas = Path(sys.argv[1])
    if lacking := [f"{name} ({where})" for name, where in SCHEMAS.values() if not (schemas / name).is_file()]:
        sys.exit(f"{schemas} lacks {', '.join(lacking)}")
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        for name, method in (("woodblock.tif", "model"), ("hangul.png", "telea"), ("typescript.jpg", "ns")):
            page, output = EXAMPLES / name, scratch / name
            mask = page.with_name(f"{page.stem}-mask.png")
            bokwon("restore", str(page), str(output), "--mask", str(mask), "--method", method, "--record")
            for form in SCHEMAS:
                written = scratch / f"{name}.{form}"
                bokwon("record", "export", f"{output}.record", "--as", form, "--out", str(written))
                check(form, written, schemas, scratch)
                print(f"{name}, {method}: {form} follows its schema")


if __name__ == "__main__":
    main()
