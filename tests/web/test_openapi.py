"""The document of the API says what the server does: schemathesis asks it everything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from tests.web.running import WebProcess

from instar.store.operations import operations
from instar.web.openapi import document
from instar.web.questions import questions


def test_every_route_is_in_the_document_with_its_role() -> None:
    paths = msgspec.json.decode(document())["paths"]
    for operation in operations().values():
        assert f"Role: {operation.role}." in paths[operation.path]["post"]["description"]
    for question in questions().values():
        assert question.doc, question.name
        assert f"Role: {question.role}." in paths[question.path][question.method.lower()]["description"]


def test_a_question_is_asked_by_whom_its_function_says() -> None:
    for question in questions().values():
        marks = vars(question.ask)
        assert marks.get("role", question.role) == question.role, question.name
        assert marks.get("changes", question.changes) == question.changes, question.name


def schemathesis(web: WebProcess, token: str, folder: Path, *options: str) -> None:
    # A body may be right by its types and still say what cannot be done (an id that is none, a query that does not
    # read): that is 422 too, so that check is left out; all others hold.
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{web.url}/api/v1/openapi.json", "--seed", "1"]
    command += ["--exclude-checks", "positive_data_acceptance", "-H", f"Authorization: Bearer {token}", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-20_000:]


@pytest.fixture
def own(tmp_path: Path) -> WebProcess:
    """A server of its own: what is asked of it changes anything."""
    return WebProcess(str(tmp_path / "store"), tmp_path)


def test_schemathesis_finds_nothing(own: WebProcess, tmp_path: Path) -> None:
    with own:
        token = (tmp_path / "store" / "token").read_text().strip()
        schemathesis(own, token, tmp_path, "--phases", "examples,fuzzing", "--max-examples", "8")


@pytest.mark.soak
def test_schemathesis_finds_nothing_at_length(own: WebProcess, tmp_path: Path) -> None:
    with own:
        token = (tmp_path / "store" / "token").read_text().strip()
        schemathesis(own, token, tmp_path, "--phases", "examples,coverage,fuzzing", "--max-examples", "50")
