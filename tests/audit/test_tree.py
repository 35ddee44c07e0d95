"""The Merkle tree: the published vectors of RFC 6962, and a second implementation that shares no code."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.entry import leaf_hash
from audit.tree import (
    EMPTY_ROOT,
    Frontier,
    ProofRefused,
    consistency_proof,
    inclusion_proof,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from tests.audit import independent

pytestmark = pytest.mark.requirement("AUD-02")

# The reference vectors of Certificate Transparency (merkle_tree_test.cc), in use by all its implementations.
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSIONS = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCIES = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
    (6, 7): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}
LEAVES = [leaf_hash(bytes.fromhex(text).decode("ascii")) for text in INPUTS]

trees = st.integers(1, 70).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n - 1)))


def leaves(count: int) -> list[bytes]:
    return [hashlib.sha256(f"leaf {n}".encode()).digest() for n in range(count)]


def hexed(nodes: list[bytes]) -> list[str]:
    return [node.hex() for node in nodes]


def test_the_empty_tree_has_the_published_root() -> None:
    assert EMPTY_ROOT == root_of([]) == Frontier().root()
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("size", range(1, 9))
def test_the_published_roots(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == ROOTS[size - 1]


@pytest.mark.parametrize(("index", "size"), INCLUSIONS)
def test_the_published_inclusion_proofs(index: int, size: int) -> None:
    proof = inclusion_proof(LEAVES[:size], index)

    assert hexed(proof) == INCLUSIONS[index, size]
    verify_inclusion(
        leaf=LEAVES[index], index=index, size=size, root=bytes.fromhex(ROOTS[size - 1]), proof=proof
    )


@pytest.mark.parametrize(("first", "second"), CONSISTENCIES)
def test_the_published_consistency_proofs(first: int, second: int) -> None:
    proof = consistency_proof(LEAVES[:second], first)

    assert hexed(proof) == CONSISTENCIES[first, second]
    verify_consistency(
        first=first,
        first_root=bytes.fromhex(ROOTS[first - 1]),
        second=second,
        second_root=bytes.fromhex(ROOTS[second - 1]),
        proof=proof,
    )


@given(trees)
def test_a_second_implementation_agrees_on_roots_and_proofs(tree: tuple[int, int]) -> None:
    size, index = tree
    hashes = leaves(size)

    assert root_of(hashes) == independent.head(hashes)
    assert inclusion_proof(hashes, index) == independent.path(index, hashes)
    assert consistency_proof(hashes, index + 1) == independent.proof(index + 1, hashes)


@given(trees)
def test_every_true_proof_is_accepted_by_both(tree: tuple[int, int]) -> None:
    size, index = tree
    hashes = leaves(size)
    root, path = root_of(hashes), inclusion_proof(hashes, index)
    first, growth = root_of(hashes[: index + 1]), consistency_proof(hashes, index + 1)

    verify_inclusion(leaf=hashes[index], index=index, size=size, root=root, proof=path)
    assert independent.head_by_path(index, size, hashes[index], path) == root
    verify_consistency(first=index + 1, first_root=first, second=size, second_root=root, proof=growth)
    assert independent.heads_by_proof(index + 1, size, first, growth) == (first, root)


@given(trees, st.data())
def test_both_say_the_same_of_a_proof_for_another_place(tree: tuple[int, int], data: st.DataObject) -> None:
    size, index = tree
    hashes = leaves(size)
    root, path = root_of(hashes), inclusion_proof(hashes, index)
    said_index = data.draw(st.integers(0, 75))
    said_size = data.draw(st.integers(1, 75))

    try:
        verify_inclusion(leaf=hashes[index], index=said_index, size=said_size, root=root, proof=path)
        accepted = True
    except ProofRefused:
        accepted = False

    there = said_index < said_size
    right = there and independent.head_by_path(said_index, said_size, hashes[index], path) == root
    assert accepted == right


@given(trees, st.data())
def test_both_say_the_same_of_a_growth_between_other_sizes(
    tree: tuple[int, int], data: st.DataObject
) -> None:
    size, index = tree
    hashes = leaves(size)
    first, root = root_of(hashes[: index + 1]), root_of(hashes)
    growth = consistency_proof(hashes, index + 1)
    m, n = data.draw(st.integers(1, 75)), data.draw(st.integers(1, 75))

    try:
        verify_consistency(first=m, first_root=first, second=n, second_root=root, proof=growth)
        accepted = True
    except ProofRefused:
        accepted = False

    assert accepted == (m <= n and independent.heads_by_proof(m, n, first, growth) == (first, root))


@pytest.mark.parametrize("change", ["drop the last", "drop the first", "repeat the last", "append", "flip"])
def test_a_forged_inclusion_proof_is_refused(change: str) -> None:
    hashes = leaves(37)
    proof = inclusion_proof(hashes, 17)

    with pytest.raises(ProofRefused):
        verify_inclusion(
            leaf=hashes[17], index=17, size=37, root=root_of(hashes), proof=forged(proof, change)
        )


@pytest.mark.parametrize("change", ["drop the last", "drop the first", "repeat the last", "append", "flip"])
def test_a_forged_consistency_proof_is_refused(change: str) -> None:
    hashes = leaves(37)
    proof = consistency_proof(hashes, 17)

    with pytest.raises(ProofRefused):
        verify_consistency(
            first=17,
            first_root=root_of(hashes[:17]),
            second=37,
            second_root=root_of(hashes),
            proof=forged(proof, change),
        )


def forged(proof: list[bytes], change: str) -> list[bytes]:
    match change:
        case "drop the last":
            return proof[:-1]
        case "drop the first":
            return proof[1:]
        case "repeat the last":
            return [*proof, proof[-1]]
        case "append":
            return [*proof, bytes(32)]
    return [bytes([proof[0][0] ^ 1]) + proof[0][1:], *proof[1:]]


def test_the_node_of_two_leaves_is_no_leaf() -> None:
    """The prefixes keep them apart: a second preimage would let somebody prove an event that never was."""
    hashes = leaves(2)
    inner = (b"\x01" + hashes[0] + hashes[1]).decode("latin-1")

    assert leaf_hash(inner) != root_of(hashes)
    assert independent.leaf(b"\x01" + hashes[0] + hashes[1]) != root_of(hashes)


def test_a_smaller_tree_does_not_stand_for_a_larger_one() -> None:
    hashes = leaves(20)

    with pytest.raises(ProofRefused):
        verify_consistency(
            first=20,
            first_root=root_of(hashes),
            second=12,
            second_root=root_of(hashes[:12]),
            proof=consistency_proof(hashes, 12),
        )


def test_nothing_is_proven_of_a_tree_of_none() -> None:
    with pytest.raises(ProofRefused):
        verify_consistency(first=0, first_root=EMPTY_ROOT, second=3, second_root=root_of(leaves(3)), proof=[])
    with pytest.raises(IndexError):
        consistency_proof(leaves(3), 0)


@pytest.mark.parametrize("index", [-1, 5, 6])
def test_there_is_no_leaf_outside_of_the_tree(index: int) -> None:
    hashes = leaves(5)

    with pytest.raises(IndexError):
        inclusion_proof(hashes, index)
    with pytest.raises(ProofRefused):
        verify_inclusion(leaf=hashes[0], index=index, size=5, root=root_of(hashes), proof=[])
