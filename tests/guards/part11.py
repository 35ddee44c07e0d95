"""The Part 11 matrix: every clause, the device's answer, and the tests that show it.

`python -m tests.guards.part11 > docs/regulatory/part11-matrix.md` writes it.
"""

import ast
import tomllib
from collections.abc import Iterator
from typing import Any

from tests.guards.source import ROOT

CLAUSES: list[dict[str, Any]] = tomllib.loads((ROOT / "docs/regulatory/part11.toml").read_text())["clause"]
MATRIX = ROOT / "docs/regulatory/part11-matrix.md"


def marked() -> Iterator[tuple[str, str]]:
    """Every clause that a test carries, and the test as path::name; the path, where a whole file does."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        where = str(path.relative_to(ROOT))
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef):
                for decorator in node.decorator_list:
                    yield from ((clause, f"{where}::{node.name}") for clause in _clauses(decorator))
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
                yield from ((clause, where) for clause in _clauses(node.value))


def _clauses(marks: ast.expr) -> Iterator[str]:
    """The clauses of the part11 marks within an expression."""
    for node in ast.walk(marks):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.part11"):
            yield from (ast.literal_eval(argument) for argument in node.args)


def matrix() -> str:
    """The matrix as Markdown."""
    tests: dict[str, list[str]] = {}
    for clause, test in marked():
        tests.setdefault(clause, []).append(test)
    lines = [
        "# 21 CFR Part 11",
        "",
        "Made from part11.toml and from the tests by `python -m tests.guards.part11`; `make test` and",
        "`make browser` run every test named here, and a test holds this file to them.",
        "",
        "| clause | asks | answer | tests | left to the site |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in CLAUSES:
        shown = "<br>".join(f"`{test}`" for test in tests.get(row["id"], []))
        cells = [row["id"], row["asks"], row["answer"], shown, row.get("site", "")]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(matrix(), end="")  # noqa: T201
