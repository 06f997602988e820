"""Check what `bokwon record export` writes for the restored examples against the published schemas.

Run from the root of the project: python -m benchmarks.check_forms IIIF_SCHEMA. IIIF_SCHEMA is `schema/iiif_3_0.json` of
https://github.com/IIIF/presentation-validator, which this repository does not hold. It needs lxml and jsonschema.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import jsonschema
from lxml import etree

from tests.provenance.forms.test_schemas import schema_of

SCHEMAS = {"premis": "premis.xsd", "alto": "alto-4-4.xsd", "pagexml": "pagecontent.xsd"}
EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def bokwon(*arguments: str) -> None:
    """Run the command."""
    subprocess.run([sys.executable, "-m", "bokwon", *arguments, "-q"], check=True)


def check(form: str, written: Path, iiif: Path, scratch: Path) -> None:
    """Raise an error if a file does not follow its schema."""
    if form == "iiif":
        jsonschema.validate(json.loads(written.read_bytes()), json.loads(iiif.read_bytes()))
        return
    schema_of(SCHEMAS[form], scratch).assertValid(etree.parse(written))


def main() -> None:
    """Restore the examples, by the model and by a classical method, and check every form of their records."""
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_file():
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        for name, method in (("woodblock.tif", "model"), ("hangul.png", "telea"), ("typescript.jpg", "ns")):
            page, output = EXAMPLES / name, scratch / name
            mask = page.with_name(f"{page.stem}-mask.png")
            bokwon("restore", str(page), str(output), "--mask", str(mask), "--method", method, "--record")
            for form in (*SCHEMAS, "iiif"):
                written = scratch / f"{name}.{form}"
                bokwon("record", "export", f"{output}.record", "--as", form, "--out", str(written))
                check(form, written, Path(sys.argv[1]), scratch)
                print(f"{name}, {method}: {form} follows its schema")


if __name__ == "__main__":
    main()
