"""What a storage SCP of ours accepts."""

import pytest
from pynetdicom import ALL_TRANSFER_SYNTAXES, AllStoragePresentationContexts
from pynetdicom.sop_class import Verification

from samd.dicom.contexts import TRANSFER_SYNTAXES, acceptable

LOSSY_JPEG = "1.2.840.10008.1.2.4.50"


@pytest.mark.requirement("NODE-01")
def test_every_storage_class_is_accepted_in_every_transfer_syntax() -> None:
    known = {context.abstract_syntax for context in AllStoragePresentationContexts}

    contexts = acceptable(known)

    assert {context.abstract_syntax for context in contexts} == known
    assert all(set(context.transfer_syntax) >= set(ALL_TRANSFER_SYNTAXES) for context in contexts)


@pytest.mark.requirement("NODE-01")
@pytest.mark.parametrize("process", [53, 55])
def test_retired_jpeg_processes_are_accepted_too(process: int) -> None:
    assert f"1.2.840.10008.1.2.4.{process}" in TRANSFER_SYNTAXES


@pytest.mark.requirement("NODE-01")
def test_verification_is_accepted_and_what_is_unknown_is_not() -> None:
    contexts = acceptable([Verification, "1.2.826.0.1.3680043.2.1"])

    assert [context.abstract_syntax for context in contexts] == [Verification]


@pytest.mark.requirement("NODE-01")
def test_no_syntax_is_named_twice_and_the_uncompressed_come_first() -> None:
    assert len(set(TRANSFER_SYNTAXES)) == len(TRANSFER_SYNTAXES)
    assert TRANSFER_SYNTAXES[:2] == ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"]
    assert TRANSFER_SYNTAXES.index(LOSSY_JPEG) > TRANSFER_SYNTAXES.index("1.2.840.10008.1.2.4.202")
