"""Whether the entries of a database continue what was signed."""

import hashlib

import pytest

from audit.continuity import Loss, Retracing, TrailRolledBack
from audit.entry import EMPTY_CHAIN, chain_hash
from audit.tree import root_of

pytestmark = pytest.mark.requirement("AUD-03")

LEAVES = [hashlib.sha256(bytes([number])).digest() for number in range(12)]


def entries(leaves: list[bytes]) -> list[tuple[str, str]]:
    chain, made = EMPTY_CHAIN, []
    for leaf in leaves:
        chain = chain_hash(chain, leaf)
        made.append((leaf.hex(), chain.hex()))
    return made


def signed(*sizes: int) -> dict[int, set[bytes]]:
    return {size: {root_of(LEAVES[:size])} for size in sizes}


def loss(held: list[tuple[str, str]], roots: dict[int, set[bytes]]) -> Loss | None:
    retracing = Retracing(roots)
    retracing.follow(held)
    with pytest.raises(TrailRolledBack) as refused:
        retracing.check("log")
    return refused.value.loss


def test_entries_that_continue_every_checkpoint_are_taken_as_they_are() -> None:
    retracing = Retracing(signed(3, 7, 10))

    retracing.follow(entries(LEAVES)[:5])
    retracing.follow(entries(LEAVES)[5:])
    retracing.check("log")

    assert (retracing.tree.root(), retracing.chain.hex()) == (root_of(LEAVES), entries(LEAVES)[-1][1])


def test_an_older_copy_is_known_by_the_checkpoints_that_lie_beyond_it() -> None:
    assert loss(entries(LEAVES[:8]), signed(3, 7, 10)) == Loss("log", 10, root_of(LEAVES[:10]).hex(), 7, 8)


def test_an_empty_database_is_known_too() -> None:
    assert loss([], signed(3)) == Loss("log", 3, root_of(LEAVES[:3]).hex(), 0, 0)


@pytest.mark.parametrize("place", range(10))
def test_an_event_that_was_rewritten_with_its_hashes_is_known_by_the_next_checkpoint(place: int) -> None:
    forged = [*LEAVES]
    forged[place] = hashlib.sha256(b"forged").digest()

    # No loss that could be acknowledged: an older copy agrees with every checkpoint that it reaches.
    assert loss(entries(forged), signed(3, 7, 10)) is None


def test_two_roots_that_were_signed_for_one_size_are_never_continued() -> None:
    roots = signed(3, 7)
    roots[7].add(root_of(LEAVES[1:8]))

    assert loss(entries(LEAVES), roots) is None


@pytest.mark.parametrize("altered", ["00" * 32, "", "no hex", "00"])
@pytest.mark.parametrize("column", [0, 1])
def test_a_leaf_or_a_link_that_breaks_the_chain_is_refused_without_a_way_to_go_on(
    column: int, altered: str
) -> None:
    held: list[list[str]] = [list(entry) for entry in entries(LEAVES)]
    held[4][column] = altered

    with pytest.raises(TrailRolledBack, match="event 4 does not continue the chain") as refused:
        Retracing(signed(3)).follow([(leaf, link) for leaf, link in held])

    assert refused.value.loss is None
