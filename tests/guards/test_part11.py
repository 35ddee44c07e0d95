"""Every clause of 21 CFR Part 11 that the device answers is shown by a test, and the matrix says which."""

import pytest

from tests.guards.part11 import CLAUSES, MATRIX, marked, matrix

pytestmark = pytest.mark.requirement("P11-01")

# What no software can do: a letter to the agency, and a kind of signature that is not offered.
NOT_OURS = {"11.100(c)", "11.200(b)"}


def test_every_clause_has_a_test_and_every_marker_is_a_clause() -> None:
    clauses = {clause["id"] for clause in CLAUSES}
    tested = {clause for clause, _test in marked()}

    assert tested == clauses - NOT_OURS


@pytest.mark.part11("11.10(k)")
def test_the_matrix_is_what_clauses_and_tests_say() -> None:
    assert MATRIX.read_text() == matrix()
