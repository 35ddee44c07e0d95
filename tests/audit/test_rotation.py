"""How a key of the trail hands over to the next: both sign it."""

import pytest

from audit.checkpoint import read
from audit.note import NoteRefused, signed
from audit.rotation import Rotation, endorsed, read_rotation, statement
from tests.audit.exported import KEY, signer

pytestmark = pytest.mark.requirement("AUD-03")

NEXT, THIEF = signer("the next key"), signer("a thief's key")


def test_both_keys_sign_that_one_follows_the_other() -> None:
    note = endorsed(KEY, NEXT)

    assert read_rotation(7, str(KEY.key), str(NEXT.key), note) == Rotation(7, KEY.key, NEXT.key)


@pytest.mark.parametrize("signers", [(KEY,), (NEXT,), (THIEF,), (KEY, THIEF)])
def test_one_signature_is_not_enough(signers: tuple[object, ...]) -> None:
    note = signed(statement(KEY.key, NEXT.key), signers)  # type: ignore[arg-type]

    with pytest.raises(NoteRefused):
        read_rotation(7, str(KEY.key), str(NEXT.key), note)


def test_a_statement_about_other_keys_is_not_enough() -> None:
    note = signed(statement(KEY.key, THIEF.key), (KEY, NEXT))

    with pytest.raises(NoteRefused):
        read_rotation(7, str(KEY.key), str(NEXT.key), note)


def test_the_statement_is_no_checkpoint() -> None:
    with pytest.raises(NoteRefused):
        read(statement(KEY.key, NEXT.key))
