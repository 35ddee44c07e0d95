"""What a report must say for each jurisdiction, beside the figures; a protocol that leaves it out is refused.

FDA: draft guidance "AI-Enabled Device Software Functions" (2025), Appendices C and E; CADe clinical
performance guidance (2022). MFDS: guideline on the review of AI medical devices (revised 2025).
"""

from collections.abc import Iterator

from samd.domain.card import ModelCard
from validation.dataset import Manifest
from validation.document import Section
from validation.protocol import Jurisdiction, Protocol

# By the name under which the protocol states it.
STATED: dict[Jurisdiction, tuple[str, ...]] = {
    Jurisdiction.FDA: (
        "Study design",
        "Inclusion and exclusion",
        "Data independence",
        "Clinical relevance of the acceptance limits",
        "Limitations",
    ),
    Jurisdiction.MFDS: (
        "Study design",
        "Role of the AI",
        "Limits of the explanation",
        "Management of training data",
        "Limitations",
    ),
}


def missing(protocol: Protocol) -> list[str]:
    """The statements that the jurisdictions of `protocol` ask for and that it does not make."""
    wanted = {name for jurisdiction in protocol.jurisdictions for name in STATED[jurisdiction]}
    return sorted(name for name in wanted if not protocol.statements.get(name, "").strip())


def sections(protocol: Protocol, manifest: Manifest, card: ModelCard) -> Iterator[Section]:
    """The sections of the report, in the order of the jurisdictions."""
    data = f"{manifest.description} Source: {manifest.source}. Licence: {manifest.licence}."
    for jurisdiction in protocol.jurisdictions:
        yield Section(jurisdiction, "Intended use", protocol.intended_use)
        yield Section(jurisdiction, "Data set", data)
        yield Section(jurisdiction, "Reference standard", protocol.reference_standard)
        yield Section(jurisdiction, "Cases without a result", protocol.missing)
        if protocol.sample_size.reasoning:
            yield Section(jurisdiction, "Sample size", protocol.sample_size.reasoning)
        for name in STATED[jurisdiction]:
            yield Section(jurisdiction, name, protocol.statements[name])
        for name, fact in card.facts:
            yield Section(jurisdiction, f"Model card: {name}", fact)
        for limit in card.limits_of_use:
            yield Section(jurisdiction, "Model card: limit of use", limit)
