"""`bokwon serve`: restoring, finding damage and reading masks over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bokwon.cli.console import Console, print_line
from bokwon.cli.options import MAX_MPIXELS, MaxMpixels, jobs_option, pixels_of, workers
from bokwon.errors import FileAccessError, importing

if TYPE_CHECKING:
    import socket

    from starlette.applications import Starlette

    from bokwon.serve.folder import Workspace
    from bokwon.serve.jobs import Jobs
    from bokwon.serve.settings import Settings

__all__ = ["Threads", "port_option", "serve", "settings_class", "start", "worker_count"]

_ACCESS, _LIMITS = "Access", "Limits"
_MIB = 1 << 20
_LEAST_WORKERS = 2
"""One works through a folder while the other serves interactive requests."""

Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        min=1,
        help="Use this many threads in each process.",
        show_default="all cores, shared by the processes",
        rich_help_panel=_LIMITS,
    ),
]


def port_option(default: str | None = None) -> Any:
    """Return the option --port.

    Args:
        default: Text that --help shows as the default; by default the value itself.
    """
    return typer.Option(
        "--port",
        metavar="PORT",
        min=0,
        max=65535,
        help="Listen on this port.",
        show_default=default or True,
        rich_help_panel=_ACCESS,
    )


def serve(
    host: Annotated[
        str,
        typer.Option(
            "--host",
            metavar="ADDRESS",
            help="Listen on this address. One that other machines can reach needs --token.",
            rich_help_panel=_ACCESS,
        ),
    ] = "127.0.0.1",
    port: Annotated[int, port_option()] = 8000,
    token: Annotated[
        str | None,
        typer.Option(
            "--token",
            metavar="TOKEN",
            envvar="BOKWON_TOKEN",
            help="Answer only requests with the header Authorization: Bearer TOKEN. Other users of the machine can "
            "read a command line, but not its environment.",
            rich_help_panel=_ACCESS,
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-host",
            metavar="NAME",
            help="Also answer requests to this host name, such as the name of a proxy. May be repeated.",
            rich_help_panel=_ACCESS,
        ),
    ] = None,
    max_upload: Annotated[
        float,
        typer.Option(
            "--max-upload",
            metavar="MIB",
            min=0.001,
            max=1e6,
            help="Refuse larger requests.",
            rich_help_panel=_LIMITS,
        ),
    ] = 512,
    max_mpixels: MaxMpixels = MAX_MPIXELS,
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout",
            metavar="SECONDS",
            min=0.001,
            max=1e6,
            help="Give up on a request whose work takes longer.",
            rich_help_panel=_LIMITS,
        ),
    ] = 3600,
    queue: Annotated[
        int,
        typer.Option(
            "--queue", metavar="N", min=1, help="Refuse requests while this many wait.", rich_help_panel=_LIMITS
        ),
    ] = 64,
    jobs: Annotated[int | None, jobs_option(_LIMITS)] = None,
    threads: Threads = None,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Print every request.")] = False,
) -> None:
    """Restore, find damage and read masks over HTTP.

    POST /api/v1/restore takes an image and its mask and answers with the restored image. /api/v1/openapi.json describes
    everything. The address is printed on standard output once the server answers.

    Examples:
    bokwon serve --port 8000

    curl -F image=@page.png -F mask=@mask.png -o restored.png http://127.0.0.1:8000/api/v1/restore
    """
    settings = settings_class()(
        host=host,
        token=token,
        names=tuple(allow_host or ()),
        max_upload=round(max_upload * _MIB),
        max_pixels=pixels_of(max_mpixels),
        timeout=timeout,
        workers=worker_count(jobs),
        most_waiting=queue,
        threads=threads,
    )
    console = Console(quiet=False, verbose=verbose)

    def announce(address: str) -> None:
        # A user who names the port knows the address.
        print_line(address, needed=not port)
        console.tell("summary", "the server answers at this address; Ctrl-C ends it")

    start(settings, port, announce, verbose=verbose)


def worker_count(jobs: int | None) -> int:
    """Return how many jobs run at a time: the value of -j, or else one per core and at least two."""
    return jobs or max(_LEAST_WORKERS, workers(None))


def start(
    settings: Settings,
    port: int,
    announce: Callable[[str], None],
    *,
    usual: int = 0,
    open_folder: Callable[[Jobs], Workspace] | None = None,
    verbose: bool = False,
) -> None:
    """Serve until a signal ends it.

    Args:
        settings: Settings of the server.
        port: Where to listen; 0 for `usual` if it is free, else for any free port.
        usual: The port that is tried first; 0 for none.
        announce: Given the address once the server answers.
        open_folder: Opens the folder that the page shows; None: no page.
        verbose: Whether every request is printed.

    Raises:
        BokwonError: It cannot start.
    """
    from bokwon.serve.app import make_app
    from bokwon.serve.server import address_of, bind, run

    def make(settings: Settings, jobs: Jobs) -> Starlette:
        return make_app(settings, jobs=jobs, workspace=open_folder(jobs) if open_folder else None)

    def listen() -> socket.socket:
        if usual and not port:
            with suppress(FileAccessError):
                return bind(settings.host, usual)
        return bind(settings.host, port)

    with listen() as listener:
        address = address_of(listener, settings.host)
        run(make, settings, listener, ready=lambda: announce(address), verbose=verbose)


def settings_class() -> type[Settings]:
    """Return the class of the server's settings.

    Raises:
        MissingDependencyError: The server's packages are not installed.
    """
    with importing("the server needs the package {name}", "pip install 'bokwon[page]'"):
        import python_multipart  # noqa: F401
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    from bokwon.serve.settings import Settings

    return Settings
