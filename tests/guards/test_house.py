"""The house keeps its shape: small modules, honest names, third-party packages at home."""

import ast
import re
import sys
import tomllib

import pytest

from tests.guards.source import PACKAGES, ROOT, imports, modules

SOUP = tomllib.loads((ROOT / "docs/regulatory/soup.toml").read_text())["soup"]
HOMES = {name: item["only_in"] for item in SOUP for name in item["imports"]}
DRAWERS = {
    "utils",
    "util",
    "core",
    "common",
    "base",
    "helpers",
    "helper",
    "manager",
    "managers",
    "service",
    "services",
    "misc",
}

pytestmark = pytest.mark.requirement("QMS-01")


def test_no_module_is_longer_than_400_lines() -> None:
    long = {name: n for name, path in modules() if (n := len(path.read_text().splitlines())) > 400}

    assert long == {}


def test_no_module_is_a_drawer() -> None:
    drawers = [name for name, _ in modules() if DRAWERS & set(name.split("."))]

    assert drawers == []


def test_every_module_opens_with_what_it_is_for() -> None:
    silent = [
        name
        for name, path in modules()
        if path.read_text() and ast.get_docstring(ast.parse(path.read_text())) is None
    ]

    assert silent == []


def test_every_third_party_import_stands_in_its_declared_home() -> None:
    strays = []
    for name, path in modules():
        for imported in imports(path):
            top = imported.split(".")[0]
            if top in PACKAGES or top in sys.stdlib_module_names:
                continue
            homes = HOMES.get(top, [])
            if not any(name == home or name.startswith(f"{home}.") for home in homes):
                strays.append(f"{name} imports {imported}")

    assert strays == []


def test_every_declared_home_is_used() -> None:
    used = {
        (imported.split(".")[0], home)
        for name, path in modules()
        for imported in imports(path)
        for home in HOMES.get(imported.split(".")[0], [])
        if name == home or name.startswith(f"{home}.")
    }
    declared = {(top, home) for top, homes in HOMES.items() for home in homes}

    assert declared - used == set()


def test_every_dependency_is_listed_and_pinned_and_none_is_gpl() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {line.split("[")[0].split(">")[0].split("=")[0].strip() for line in project["dependencies"]}
    pinned = {line.split("==")[0].lower() for line in (ROOT / "deploy/constraints.txt").read_text().split()}
    listed = {item["name"]: item["licence"] for item in SOUP}

    assert wanted == set(listed)
    assert {name.lower() for name in wanted} - pinned == set()
    assert [name for name, licence in listed.items() if licence.startswith(("GPL", "AGPL"))] == []


def test_every_setting_that_is_read_from_the_environment_stands_in_the_example() -> None:
    read = re.findall(r'env\.\w+\(\s*"(\w+)"', (ROOT / "samd/config/settings.py").read_text())
    shown = re.findall(r"^#? ?(\w+)=", (ROOT / "deploy/env.example").read_text(), re.MULTILINE)

    assert set(read) - set(shown) == set()
