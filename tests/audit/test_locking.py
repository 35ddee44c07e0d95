"""A signer's private key under the signer's password."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.locking import Cost, LockedKey, NotUnlocked, lock, unlock
from tests.audit.signers import CHEAP, PASSWORD

pytestmark = [pytest.mark.requirement("SIG-01"), pytest.mark.part11("11.200(a)(2)")]


def locked_key(owner: str = "user/7") -> tuple[LockedKey, Ed25519PrivateKey, bytes]:
    private = Ed25519PrivateKey.generate()
    return lock(private, PASSWORD, owner=owner, cost=CHEAP), private, private.public_key().public_bytes_raw()


def test_the_password_opens_the_key() -> None:
    locked, private, public = locked_key()

    opened = unlock(locked, PASSWORD, owner="user/7", public=public)

    assert opened.private_bytes_raw() == private.private_bytes_raw()


@pytest.mark.parametrize("password", ["", "Correct horse battery staple", PASSWORD + " "])
def test_another_password_does_not(password: str) -> None:
    locked, _, public = locked_key()

    with pytest.raises(NotUnlocked):
        unlock(locked, password, owner="user/7", public=public)


def test_the_key_of_one_person_opens_for_nobody_else_who_has_the_same_password() -> None:
    locked, _, public = locked_key(owner="user/7")

    with pytest.raises(NotUnlocked):
        unlock(locked, PASSWORD, owner="user/8", public=public)


def test_a_key_that_was_put_under_the_public_part_of_another_does_not_open() -> None:
    locked, _, _ = locked_key()
    _, _, other = locked_key()

    with pytest.raises(NotUnlocked):
        unlock(locked, PASSWORD, owner="user/7", public=other)


def test_no_bit_of_what_is_stored_can_be_changed() -> None:
    locked, _, public = locked_key()

    for stored in ("wrapped", "salt"):
        raw = getattr(locked, stored)
        for bit in range(8 * len(raw)):
            flipped = bytearray(raw)
            flipped[bit // 8] ^= 1 << bit % 8
            changed = LockedKey(
                bytes(flipped) if stored == "wrapped" else locked.wrapped,
                bytes(flipped) if stored == "salt" else locked.salt,
                locked.cost,
            )
            with pytest.raises(NotUnlocked):
                unlock(changed, PASSWORD, owner="user/7", public=public)


def test_the_same_key_under_the_same_password_looks_different_each_time() -> None:
    private = Ed25519PrivateKey.generate()

    first, second = (lock(private, PASSWORD, owner="user/7", cost=CHEAP) for _ in range(2))

    assert first.salt != second.salt
    assert first.wrapped[:12] != second.wrapped[:12]


def test_a_guess_costs_128_mib() -> None:
    assert 128 * Cost().n * Cost().r == 128 << 20


def test_the_cost_is_stored_and_read_again() -> None:
    assert Cost.parse(Cost().text) == Cost()
    assert Cost().text == '{"kdf":"scrypt","n":131072,"r":8,"p":1}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"kdf":"none","n":2,"r":8,"p":1}',
        '{"kdf":"scrypt","n":1,"r":8,"p":1}',
        '{"kdf":"scrypt","n":3,"r":8,"p":1}',
        '{"kdf":"scrypt","n":2,"r":8,"p":0}',
        '{"kdf":"scrypt","n":1073741824,"r":8,"p":1}',
    ],
)
def test_a_cost_that_makes_no_sense_opens_nothing(text: str) -> None:
    with pytest.raises(NotUnlocked):
        Cost.parse(text)
