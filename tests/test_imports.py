"""Who may import whom: the rules of docs/developer/architecture.md, held by walking every import of the package."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import bokwon

PACKAGE = Path(bokwon.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

# Packages, and which other packages each may import. `bokwon` is the root's version and public names.
ROOMS: dict[str, set[str]] = {
    "errors": set(),
    "version": set(),
    "types": set(),
    "settings": {"errors"},
    "utilities": {"errors"},
    "image_io": {"errors", "types", "utilities"},
    "synthesis": {"errors", "types", "utilities", "image_io"},
    "inpaint": {"version", "errors", "types", "settings", "utilities", "image_io"},
    "detection": {"errors", "types", "settings", "utilities", "image_io", "inpaint"},
    "provenance": {"version", "errors", "types", "settings", "utilities", "image_io", "inpaint"},
    # Sends requests to other machines.
    "iiif": {"version", "errors", "types", "utilities", "image_io", "provenance"},
    "batch": {"version", "errors", "types", "settings", "utilities", "image_io", "inpaint", "detection", "provenance"},
    "serve": {
        "version",
        "errors",
        "types",
        "settings",
        "utilities",
        "image_io",
        "inpaint",
        "detection",
        "provenance",
        "batch",
    },
    "nn": {"errors"},
    "training": {"version", "errors", "types", "utilities", "image_io", "synthesis", "nn"},
    # The facts on a model's card are declared by the runtime, which reads them.
    "export": {"version", "errors", "types", "utilities", "synthesis", "inpaint", "nn", "training"},
    "evaluation": {
        "version",
        "errors",
        "types",
        "settings",
        "utilities",
        "image_io",
        "synthesis",
        "inpaint",
        "detection",
        "nn",
    },
}
# Trains, exports and measures.
ROOMS["reproduce"] = {*ROOMS["evaluation"], "training", "export", "evaluation"}
EVERYTHING = {"bokwon", "cli", *ROOMS}
ROOMS["cli"] = EVERYTHING
# The root is imported by everyone, and by the command before it can catch Ctrl-C: all waits until it is asked for.
ROOMS["bokwon"] = EVERYTHING
ROOMS["__main__"] = {"cli"}

RUNTIME = {
    "errors",
    "types",
    "settings",
    "utilities",
    "image_io",
    "synthesis",
    "inpaint",
    "detection",
    "provenance",
    "iiif",
    "batch",
    "serve",
}
# What `pip install bokwon` installs.
RUNTIME_LIBRARIES = {"numpy", "PIL", "cv2", "onnxruntime"}
# What `pip install bokwon[page]` adds, for the room `serve` alone.
PAGE_LIBRARIES = {"starlette", "uvicorn"}
# What `pip install bokwon[archive,openvino]` adds; and `bokwon[eval]`, for the methods that measuring compares with.
OPTIONAL_LIBRARIES = {
    "huggingface_hub",
    "imagecodecs",
    "openvino",
    "pi_heif",
    "pikepdf",
    "tifffile",
    "skimage",
    "patchmatch",
}
# safetensors: a weights file for the frozen feature maps is read with it.
NN_LIBRARIES = {"torch", "safetensors"}


@dataclass(frozen=True)
class Import:
    """One import statement.

    Attributes:
        file: Where it stands, relative to the package.
        line: On which line.
        module: What it imports, dotted.
        lazy: It stands in a function.
        typing_only: It stands under `if TYPE_CHECKING`, and never runs.
    """

    file: str
    line: int
    module: str
    lazy: bool
    typing_only: bool

    @property
    def room(self) -> str:
        """The package of the file."""
        first = Path(self.file).parts[0].removesuffix(".py")
        return "bokwon" if first == "__init__" else first

    @property
    def target(self) -> str:
        """The package that is imported, or the library."""
        parts = self.module.split(".")
        if parts[0] != "bokwon":
            return parts[0]
        return parts[1] if len(parts) > 1 and parts[1] in EVERYTHING else "bokwon"

    @property
    def is_own(self) -> bool:
        """Whether it imports something of bokwon."""
        return self.module.split(".")[0] == "bokwon"

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"


def imports_of(path: Path) -> Iterator[Import]:
    file = str(path.relative_to(PACKAGE))
    yield from _walk(ast.parse(path.read_text(encoding="utf-8")), file, lazy=False, typing_only=False)


def _walk(node: ast.AST, file: str, *, lazy: bool, typing_only: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(file, node.lineno, alias.name, lazy, typing_only)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"{file}:{node.lineno} has a relative import"
        for alias in node.names:
            # `from bokwon import errors` imports a package, `from bokwon import __version__` does not.
            yield Import(file, node.lineno, f"{node.module}.{alias.name}", lazy, typing_only)
    else:
        lazy = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            typing_only = True
        for child in ast.iter_child_nodes(node):
            yield from _walk(child, file, lazy=lazy, typing_only=typing_only)


ALL = [found for path in FILES for found in imports_of(path)]
STANDARD = sys.stdlib_module_names


def libraries(rooms: set[str]) -> list[Import]:
    return [found for found in ALL if found.room in rooms and not found.is_own and found.target not in STANDARD]


def test_the_walk_sees_the_package() -> None:
    assert len(FILES) > 20
    assert any(found.file == "nn/functional.py" and found.target == "torch" for found in ALL)
    assert any(found.lazy and found.target == "onnxruntime" for found in ALL)


def test_every_room_is_in_the_plan() -> None:
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    files = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"} | {"bokwon"}
    assert folders | files == set(ROOMS)


def test_rooms_import_only_what_lies_below_them() -> None:
    wrong = [
        str(found)
        for found in ALL
        if found.is_own and found.target != found.room and found.target not in ROOMS[found.room]
    ]
    assert wrong == []


def test_no_files_import_each_other_in_a_circle() -> None:
    """Imports within functions count; those for type checkers alone do not."""
    modules = {_module(path): str(path.relative_to(PACKAGE)) for path in FILES}
    graph: dict[str, set[str]] = {file: set() for file in modules.values()}
    for found in ALL:
        # The root names what is public, and loads it when it is asked for.
        if found.is_own and not found.typing_only and found.room != "bokwon":
            module = found.module if found.module in modules else found.module.rpartition(".")[0]
            graph[found.file].add(modules[module])
    assert sum(map(len, graph.values())) > 500
    # Raises CycleError with the files of a circle.
    assert len(list(TopologicalSorter(graph).static_order())) == len(FILES)


def _module(path: Path) -> str:
    return ".".join(("bokwon", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")


def test_files_and_folders_stay_small() -> None:
    long = {str(path): lines for path in FILES if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 350}
    assert long == {}
    folders = {path.parent for path in FILES} - {PACKAGE / "cli"}
    full = {str(folder): count for folder in folders if (count := len(list(folder.glob("*.py")))) > 18}
    assert full == {}


def test_the_runtime_uses_its_libraries_and_no_pytorch() -> None:
    wrong = [
        str(found)
        for found in libraries(RUNTIME)
        if found.target not in RUNTIME_LIBRARIES
        and not (found.room == "serve" and found.target in PAGE_LIBRARIES)
        and not (found.lazy and found.target in OPTIONAL_LIBRARIES)
    ]
    assert wrong == []


def test_nn_uses_pytorch_and_torchvision_in_one_file() -> None:
    wrong = [
        str(found)
        for found in libraries({"nn"})
        if found.target not in NN_LIBRARIES
        and not (found.target == "torchvision" and found.file == "nn/features.py")
        and not (found.target == "huggingface_hub" and found.file == "nn/hub.py" and found.lazy)
    ]
    assert wrong == []


def test_the_command_line_loads_nothing_heavy_before_it_knows_the_command() -> None:
    early = [found for found in ALL if found.room == "cli" and not found.lazy and not found.typing_only]
    wrong = [
        str(found)
        for found in early
        if (found.is_own and found.target not in ("bokwon", "cli", "errors", "settings", "utilities", "version"))
        or (not found.is_own and found.target not in STANDARD | {"typer"})
    ]
    assert wrong == []


def in_a_fresh_interpreter(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        ("bokwon", set()),
        ("bokwon.settings", set()),
        ("bokwon.utilities", set()),
        ("bokwon.cli.main", set()),
        ("bokwon.inpaint", {"numpy", "PIL"}),
    ],
)
def test_importing_stays_light(module: str, allowed: set[str]) -> None:
    heavy = {
        "cv2",
        "onnxruntime",
        "openvino",
        "torch",
        "numpy",
        "PIL",
        "rich.progress",
        "onnx",
        "safetensors",
        "starlette",
        "uvicorn",
    } - allowed
    assert in_a_fresh_interpreter(f"import {module}, sys; print(sorted({heavy} & set(sys.modules)))").strip() == "[]"


def test_the_command_is_ready_for_ctrl_c_before_it_loads_anything() -> None:
    program = "import sys; before = {*sys.modules}; import bokwon.__main__; print(sorted({*sys.modules} - before))"
    assert in_a_fresh_interpreter(program).strip() == "['__future__', 'bokwon', 'bokwon.__main__']"


def test_every_runtime_module_loads_without_pytorch() -> None:
    modules = [
        ".".join(("bokwon", *path.relative_to(PACKAGE).with_suffix("").parts))
        for path in FILES
        if path.relative_to(PACKAGE).parts[0] in RUNTIME | {"cli"}
    ]
    assert len(modules) > 15
    program = (
        "import importlib, sys\n"
        "for name in ('torch', 'torchvision', 'accelerate', 'safetensors', 'onnx', 'scipy'): sys.modules[name] = None\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "print('loaded')"
    )
    assert in_a_fresh_interpreter(program).strip() == "loaded"


def test_downloads_happen_in_two_files() -> None:
    """The documentation promises that bokwon downloads only what somebody asks for by name."""
    modules = ("socket", "ssl", "http.client", "urllib.request", "ftplib", "asyncio", "huggingface_hub")
    found = {each.file for each in ALL if each.room in RUNTIME - {"serve"} and each.module.startswith(modules)}
    # The third asks whether a Ray cluster is there.
    assert found == {"iiif/connection.py", "inpaint/model_sources.py", "batch/cluster.py"}
