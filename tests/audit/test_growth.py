"""Proofs that a tree grew, made from its frontier."""

import hashlib

import pytest

from audit.growth import growth_proof
from audit.tree import Frontier, consistency_proof, root_of, verify_consistency

pytestmark = pytest.mark.requirement("AUD-04")

LEAVES = [hashlib.sha256(number.to_bytes(2)).digest() for number in range(70)]


@pytest.mark.parametrize("after", range(1, 71))
def test_it_is_the_proof_that_all_leaves_give(after: int) -> None:
    for before in range(1, after + 1):
        frontier = Frontier()
        for leaf in LEAVES[:before]:
            frontier.append(leaf)

        proof = growth_proof(frontier, LEAVES[before:after])

        assert proof == consistency_proof(LEAVES[:after], before)
        verify_consistency(
            first=before,
            first_root=frontier.root(),
            second=after,
            second_root=root_of(LEAVES[:after]),
            proof=proof,
        )


def test_a_tree_of_none_needs_no_proof() -> None:
    assert growth_proof(Frontier(), LEAVES) == []
