"""The HTTP interface and the page in the browser: application, security, limits, jobs, problems, opened folders."""

from typing import TYPE_CHECKING

from bokwon.utilities.lazy_names import lazy_names

if TYPE_CHECKING:
    from bokwon.serve.app import make_app
    from bokwon.serve.jobs import Jobs
    from bokwon.serve.server import run
    from bokwon.serve.settings import Settings

__all__ = ["Jobs", "Settings", "make_app", "run"]


# Loaded on demand, so that the settings can be read without the web framework.
__getattr__ = lazy_names(
    __name__,
    {
        "make_app": "bokwon.serve.app",
        "Jobs": "bokwon.serve.jobs",
        "run": "bokwon.serve.server",
        "Settings": "bokwon.serve.settings",
    },
)
