"""Which presentation contexts a storage SCP of ours accepts."""

from collections.abc import Iterable

from pynetdicom import ALL_TRANSFER_SYNTAXES, AllStoragePresentationContexts, build_context
from pynetdicom.presentation import PresentationContext
from pynetdicom.sop_class import Verification

# Private and unknown SOP classes are rejected: nothing tells that they are storage classes at all, and
# no model reads them. A sender then skips these objects and sends the rest.
SOP_CLASSES = frozenset(
    [Verification, *(context.abstract_syntax for context in AllStoragePresentationContexts)]
)

# Where a sender offers several transfer syntaxes in one context, we choose, and the sender may convert:
# so the uncompressed come first, then the reversible, and only then those that can lose something.
_REVERSIBLE = [
    "1.2.840.10008.1.2.1",  # Explicit VR Little Endian
    "1.2.840.10008.1.2",  # Implicit VR Little Endian
    "1.2.840.10008.1.2.1.99",  # Deflated Explicit VR Little Endian
    "1.2.840.10008.1.2.2",  # Explicit VR Big Endian
    "1.2.840.10008.1.2.1.98",  # Encapsulated Uncompressed Explicit VR Little Endian
    "1.2.840.10008.1.2.8.1",  # Deflated Image Frame
    "1.2.840.10008.1.2.5",  # RLE Lossless
    "1.2.840.10008.1.2.4.70",  # JPEG Lossless, first-order prediction
    "1.2.840.10008.1.2.4.57",  # JPEG Lossless
    "1.2.840.10008.1.2.4.80",  # JPEG-LS Lossless
    "1.2.840.10008.1.2.4.90",  # JPEG 2000 Lossless
    "1.2.840.10008.1.2.4.201",  # HTJ2K Lossless
    "1.2.840.10008.1.2.4.202",  # HTJ2K Lossless RPCL
]
# Retired JPEG processes, which pynetdicom leaves out and archives still hold (PS3.5-2004 A.4.1).
_RETIRED = [f"1.2.840.10008.1.2.4.{number}" for number in (52, 53, 54, 55, 56, *range(58, 67))]

TRANSFER_SYNTAXES = list(dict.fromkeys([*_REVERSIBLE, *ALL_TRANSFER_SYNTAXES, *_RETIRED]))


def acceptable(proposed: Iterable[str]) -> list[PresentationContext]:
    """The contexts that we accept for those of the `proposed` abstract syntaxes that we serve."""
    return [build_context(uid, TRANSFER_SYNTAXES) for uid in sorted(SOP_CLASSES.intersection(proposed))]
