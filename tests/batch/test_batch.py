from __future__ import annotations

from pathlib import Path

import pytest

import bokwon
from bokwon.batch.batch import start_on_node
from bokwon.errors import FileAccessError, MissingDependencyError


def test_a_node_with_another_version_or_without_the_files_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MissingDependencyError, match=r"the run was started with 0\.0\.0") as error:
        start_on_node(None, tmp_path, (), "0.0.0")  # type: ignore[arg-type]
    assert "bokwon[cluster]==0.0.0" in error.value.fix
    with pytest.raises(FileAccessError, match="does not see"):
        start_on_node(None, tmp_path, (tmp_path / "none",), bokwon.__version__)  # type: ignore[arg-type]
