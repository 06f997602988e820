"""`bokwon open`: a folder of scans in the browser."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bokwon.cli.console import Console, print_line
from bokwon.cli.options import MAX_MPIXELS, MaxMpixels, jobs_option, pixels_of
from bokwon.cli.serve import Threads, port_option, settings_class, start, worker_count

if TYPE_CHECKING:
    from bokwon.serve.folder import Workspace
    from bokwon.serve.jobs import Jobs

__all__ = ["open_page"]


def open_page(
    path: Annotated[
        Path,
        typer.Argument(metavar="[FOLDER|FILE]", help="The folder of scans, or one scan.", show_default="this folder"),
    ] = Path(),
    recursive: Annotated[bool, typer.Option("-r", "--recursive", help="Go through the folders in FOLDER too.")] = False,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address, and do not open a browser.")
    ] = False,
    port: Annotated[int, port_option("one for each folder")] = 0,
    max_mpixels: MaxMpixels = MAX_MPIXELS,
    jobs: Annotated[int | None, jobs_option("Limits")] = None,
    threads: Threads = None,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Print every request.")] = False,
) -> None:
    """See the damage, correct the mask, restore, compare and approve, in the browser.

    Masks go beside the scans, outputs and records into FOLDER/restored. `bokwon restore FOLDER FOLDER/restored` works
    on the same files. The scans are not changed, and nothing leaves this machine.

    Without a browser, and over ssh, the address is printed. It can be opened once.
    """
    settings = settings_class()(max_pixels=pixels_of(max_mpixels), workers=worker_count(jobs), threads=threads)
    console = Console(quiet=False, verbose=verbose)

    from dataclasses import replace

    from bokwon.batch.job import Options
    from bokwon.serve.folder import Workspace
    from bokwon.serve.server import has_browser, new_token, open_browser, usual_port
    from bokwon.settings import RestoreSettings

    token = new_token()

    def open_folder(jobs: Jobs) -> Workspace:
        options = Options(missing_pages=True, max_pixels=settings.max_pixels)
        return Workspace.open(
            path, jobs, settings=RestoreSettings(threads=threads), options=options, recursive=recursive
        )

    def announce(address: str) -> None:
        opened = f"{address}?token={token}"
        alone = no_browser or not has_browser()
        print_line(opened, needed=alone)
        if alone:
            console.tell("summary", f"open this address in a browser{_over_ssh(address)}; Ctrl-C ends it")
        else:
            open_browser(opened)
            console.tell("summary", "the page is opened in the browser; Ctrl-C ends it")

    guarded = replace(settings, opening_token=token)
    start(guarded, port, announce, usual=usual_port(path), open_folder=open_folder, verbose=verbose)


def _over_ssh(address: str) -> str:
    """Return how to reach the page from the browser of another machine."""
    if not os.environ.get("SSH_CONNECTION"):
        return ""
    port = address.rstrip("/").rpartition(":")[2]
    return f" of your own machine, after `ssh -L {port}:127.0.0.1:{port} THIS_MACHINE` there"
