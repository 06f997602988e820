"""Downloads scans from IIIF servers: manifests (Presentation API 2 and 3) and images (Image API 1.1, 2 and 3)."""

from bokwon.iiif.connection import Connection
from bokwon.iiif.download import Scan, download_images
from bokwon.iiif.load import load_manifest
from bokwon.iiif.manifest import CanvasImage, Manifest, Terms
from bokwon.iiif.rights import RIGHTS_FILE, rights_text, terms_lines, title_of

__all__ = [
    "RIGHTS_FILE",
    "CanvasImage",
    "Connection",
    "Manifest",
    "Scan",
    "Terms",
    "download_images",
    "load_manifest",
    "rights_text",
    "terms_lines",
    "title_of",
]
