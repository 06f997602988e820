"""`bokwon restore` on a IIIF manifest: downloads its scans into a folder that is then restored like any other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bokwon.cli.console import Console
from bokwon.errors import ArgumentError, BokwonError, OutputExistsError

if TYPE_CHECKING:
    from bokwon.batch.job import Options
    from bokwon.batch.plan import Batch
    from bokwon.settings import RestoreSettings

__all__ = ["Downloaded", "download_scans"]

_SCANS = "scans"
"""Name of the folder of scans, within the folder of outputs."""


@dataclass(frozen=True)
class Downloaded:
    """Scans that were downloaded.

    Attributes:
        folder: Their folder.
        title: Title of the manifest.
        facts: Facts for the head of the treatment report: names in English and Korean, and values.
        files: File names of the scans that belong to this run.
        failed: Names of pages without a scan, and the errors.
    """

    folder: Path
    title: str
    facts: Sequence[tuple[tuple[str, str], str]]
    files: frozenset[str]
    failed: Sequence[tuple[str, BokwonError]]

    def of(self, batch: Batch) -> Batch:
        """Return a batch with only the files of this run, and with the pages without a scan as failed tasks."""
        from bokwon.batch.plan import Task

        tasks = [task for task in batch.tasks if task.name in self.files]
        tasks += [Task(name, name, None, (error.exit_code, error.message, error.fix)) for name, error in self.failed]
        return replace(batch, tasks=tuple(sorted(tasks, key=lambda task: task.name)))


def download_scans(
    name: str,
    outputs: Path,
    masks: Path | None,
    pages: str | None,
    settings: RestoreSettings,
    options: Options,
    console: Console,
) -> Downloaded:
    """Download the scans of a manifest into a folder within the folder of outputs.

    Args:
        name: File or URL of the manifest, or URL of an image service.
        outputs: The folder of outputs. Also gets `rights.txt`, with the terms of use.
        masks: Folder of masks, or a table.
        pages: Which pages of the manifest; all by default.
        settings: How holes are filled; checked before the download.
        options: How files are read and written.
        console: Shows progress and messages.

    Raises:
        BokwonError: The download cannot begin or go on.
    """
    from bokwon.batch.page_ranges import select_pages
    from bokwon.batch.plan import check_masks
    from bokwon.iiif import RIGHTS_FILE, Connection, download_images, load_manifest, rights_text, terms_lines, title_of
    from bokwon.image_io.formats import EXTENSIONS
    from bokwon.inpaint.restorer import Restorer
    from bokwon.provenance.origin import ORIGIN_FILE, read_origins
    from bokwon.utilities.atomic import write_file

    if outputs.is_file() or (outputs.suffix.lower() in EXTENSIONS and not outputs.is_dir()):
        raise ArgumentError(f"{outputs} is named like a file, but {name} may have many pages", "name a folder")
    folder, rights = outputs / _SCANS, outputs / RIGHTS_FILE
    if not read_origins(folder):
        for path in (rights, folder / ORIGIN_FILE):
            if path.exists():
                raise OutputExistsError(f"{path} exists, and no download wrote it", "move it, or name another folder")
    # Checked before the download, which may take hours.
    check_masks(masks)
    Restorer(settings)
    connection = Connection(lambda text: console.tell("note", text))
    manifest = load_manifest(name, connection)
    images = manifest.images
    if pages is not None:
        wanted = select_pages(pages, manifest.canvases)
        images = tuple(image for image in images if image.canvas in wanted)
        if not images:
            raise ArgumentError(f"none of the pages {pages} of {name} has an image", "choose others: --pages")
    console.tell("summary", f"{title_of(manifest)}: {_counted(len(images), 'image')}")
    if manifest.empty:
        console.tell("note", f"pages of the manifest without an image: {', '.join(map(str, manifest.empty))}")
    scans = download_images(
        manifest,
        images,
        folder,
        connection,
        max_pixels=options.max_pixels,
        tell=console.tell,
        progress=lambda done, total: console.progress(f"{done} of {total} scans are there", last=done == total),
    )
    origins = read_origins(folder)
    write_file(rights, rights_text(origins, _SCANS))
    terms = [line.partition(": ")[2] for line in terms_lines(origins)]
    for line in terms:
        console.tell("note", f"terms of use: {line}")
    failed = [(scan.name, scan.error) for scan in scans if scan.error is not None]
    new = sum(scan.state == "new" for scan in scans)
    before = len(scans) - new - len(failed)
    told = f", {before} there before" if before else ""
    told += f", {len(failed)} failed" if failed else ""
    told += f"; terms of use in {rights}"
    console.tell("summary", f"downloaded {_counted(new, 'scan')} to {folder}{told}")
    facts = [(("Scans from", "스캔 출처"), manifest.id), (("Terms of use", "이용 조건"), "; ".join(terms) or "-")]
    files = frozenset(scan.name for scan in scans if scan.error is None)
    return Downloaded(folder, title_of(manifest), facts, files, failed)


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}"
