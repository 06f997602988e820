"""`bokwon undo`: the original pixels back into a restored file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Annotated, Any

import typer

from bokwon.cli.console import Console, divert_native_messages
from bokwon.errors import ArgumentError, InputFileError

__all__ = ["undo"]

_ENCODED_ANEW = "JPEG is encoded anew"


def undo(
    record: Annotated[
        Path, typer.Argument(metavar="RECORD", help="Folder OUTPUT.record that `bokwon restore --record` left.")
    ],
    output: Annotated[Path, typer.Argument(metavar="OUTPUT", help="The restored file that it lies beside.")],
    target: Annotated[
        Path | None, typer.Option("-o", "--to", metavar="FILE", help="Write there; by default over OUTPUT.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Even if OUTPUT was changed after it was restored.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but warnings and errors.")] = False,
) -> None:
    """Take a restoration back: put the stored original pixels in the place of the filled ones."""
    divert_native_messages()
    console = Console(quiet=quiet, verbose=False)

    from bokwon.image_io.document import open_document
    from bokwon.image_io.output_formats import check_fits, format_of, is_encoded_anew, lost_on_the_way
    from bokwon.image_io.page import Page
    from bokwon.image_io.reader import MAX_PIXELS, Source
    from bokwon.image_io.xmp import with_xmp
    from bokwon.provenance import record as records
    from bokwon.provenance.mark import has_mark, remove_mark
    from bokwon.provenance.unfinished import finish_unfinished
    from bokwon.utilities.atomic import replacing
    from bokwon.utilities.checksums import sha256_of_file

    final = target or output
    file_format = format_of(final)
    if record.resolve() == records.record_folder(output).resolve():
        finish_unfinished(output)
    folder, content = records.read_record(record)
    now = sha256_of_file(output)
    is_changed = now != content["output"]["sha256"]
    if not force and is_changed:
        if now == records.undone_sha256(output):
            raise ArgumentError(
                f"the restoration of {output} was taken back before",
                "restore it again if you want it filled",
            )
        raise ArgumentError(
            f"{output} is not the file that {record} is about, or was changed since",
            "check the names, or add --force to put the pixels back all the same",
        )
    input_name = _input_name(content)
    if _is_only_read(input_name):
        console.tell("note", f"{input_name} itself was never changed; {final} gets the pixels that it decodes to")
    kept = None
    if content.get("encoded_anew") and not is_changed:
        # JPEG changes pixels outside the holes too. Only the input itself gives back the exact file.
        kept = records.find_input(folder, content, output)
        if kept is None:
            path = folder / records.INPUT if content.get("over_itself") else input_name
            console.tell("warning", f"the original ({path}) is missing or was changed: only filled pixels come back")
    source = Source.of(kept or output)
    pages = content["pages"]
    largest = max([MAX_PIXELS, *(page["size"][0] * page["size"][1] for page in pages.values())])
    restored: list[int] = []
    lossy: list[int] = []
    settings = content.get("settings")
    marked = isinstance(settings, dict) and bool(settings.get("mark"))

    def unmarked(number: int, packet: bytes | None) -> bytes | None:
        if packet is None or not marked or not has_mark(packet):
            return packet
        try:
            return remove_mark(packet, sha256_of_file(folder / records.page_file("original", number)))
        except ValueError as error:
            console.tell("warning", f"the mark of the restoration stays in the XMP of {final}: {error}")
            return packet

    with open_document(source, max_pixels=largest) as document:

        def transform(number: int, read: Callable[[], Page] | None) -> Page | None:
            if number not in pages:
                return None
            if read is None:
                raise InputFileError(f"page {number} of {output} has no image any more", "restore it from the original")
            if kept is not None and (document.format or read().format) == file_format:
                restored.append(number)
                return None
            page = read()
            if kept is None:
                records.put_back(folder, number, document.pages, page)
                page = replace(page, metadata=with_xmp(page.metadata, unmarked(number, page.metadata.xmp)))
            if document.format is None:
                check_fits(page.pixels, page.mode, file_format)
                for notice in lost_on_the_way(page, file_format):
                    if not notice.startswith(_ENCODED_ANEW):
                        console.tell("note", notice)
            if is_anew := is_encoded_anew(page.format, file_format):
                console.tell("note", f"{_ENCODED_ANEW}: pixels may differ slightly from the original's")
            if is_anew or (kept is None and page.format == "JPEG"):
                lossy.append(number)
            restored.append(number)
            return page

        with replacing(final) as stream:
            # A document in which no page changes is copied byte for byte.
            document.rewrite(stream, file_format, transform, lambda packet: unmarked(min(pages), packet))
            if missing := sorted(pages.keys() - set(restored)):
                raise InputFileError(f"{output} has no page {missing[0]}, of which {record} speaks", "check the names")
    if final.samefile(output) and folder.resolve() == records.record_folder(output).resolve():
        # A folder's run with --resume shall not fill it again.
        records.note_undone(folder, output)
    done = "1 page as it was" if len(restored) == 1 else f"{len(restored)} pages as they were"
    if lossy:
        done = f"{len(restored)} page{'s' * (len(restored) > 1)} but for what JPEG changes"
    console.tell("summary", f"wrote {final}: {done}")


def _input_name(content: dict[str, Any]) -> str:
    """Return the name of the input in a record; empty if the record has none."""
    told = content.get("input")
    return str(told.get("file", "")) if isinstance(told, dict) else ""


def _is_only_read(name: str) -> bool:
    """Return whether a file is of a format that is never written, by its extension."""
    from bokwon.image_io.formats import EXTENSIONS, FORMATS

    found = EXTENSIONS.get(PurePath(name).suffix.lower())
    return found is not None and FORMATS[found].is_read_only
