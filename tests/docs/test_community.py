"""The files that GitHub and package indices read."""

from __future__ import annotations

import re
import tomllib

import pytest

from docs.pages import PAGES, ROOT
from nearfar.version import __version__

yaml = pytest.importorskip("yaml")
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_citation_is_of_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == __version__
    assert citation["license"] == PROJECT["license"]
    assert citation["repository-code"] == PROJECT["urls"]["Homepage"]
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()


def test_issue_forms_have_what_github_asks_for() -> None:
    forms = [yaml.safe_load(form.read_text(encoding="utf-8")) for form in FORMS]
    forms = [form for form in forms if "contact_links" not in form]
    assert len(forms) == 3
    for form in forms:
        assert {"name", "description", "body"} <= form.keys()
        fields = [part for part in form["body"] if part["type"] != "markdown"]
        assert len({part["id"] for part in fields}) == len(fields) > 0
        assert [part["id"] for part in fields if "label" not in part["attributes"]] == []


def test_the_workflow_runs_what_a_change_must_pass() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
    steps = workflow["jobs"]["check"]["steps"]
    assert ".ci/run" in [step.get("run") for step in steps]


def test_extras_that_the_pages_install_exist() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    groups = re.findall(r"pip install (?:-e )?'(?:nearfar|\.)\[([\w,]+)\]'", text)
    named = {name for group in groups for name in group.split(",")}
    assert {"test", "dev", "audio", "text", "graph"} <= named
    assert named <= PROJECT["optional-dependencies"].keys()
