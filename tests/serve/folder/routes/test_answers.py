"""What stands between an address and the function behind it."""

from __future__ import annotations

import json

from bokwon.serve.folder.routes.answers import json_answer
from tests.serve.folder.conftest import Opened


def test_answers_are_utf8_and_never_cached() -> None:
    answer = json_answer({"name": "책\udcff"}, 202, {"X-Box": "1"})
    assert (answer.status_code, answer.headers["cache-control"], answer.headers["x-box"]) == (202, "no-store", "1")
    assert json.loads(answer.body) == {"name": "책?"}


def test_methods_that_are_not_there_are_refused(opened: Opened) -> None:
    assert opened.client.delete("folder").status_code == 405
    assert opened.client.post(opened.page("a.png")).status_code == 405
    assert opened.client.head("folder").status_code == 200
