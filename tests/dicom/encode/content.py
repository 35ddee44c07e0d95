"""Looking into the content tree of a structured report."""

from collections.abc import Iterator

from pydicom import Dataset

from samd.domain.codes import Code

ABSENT = "272519000"


def items(item: Dataset, name: str | None = None) -> Iterator[Dataset]:
    """The content items at any depth below `item`, all or those whose concept name has this code value."""
    for child in item.get("ContentSequence", ()):
        if name in (None, child.ConceptNameCodeSequence[0].CodeValue):
            yield child
        yield from items(child, name)


def codes(item: Dataset, name: str) -> list[str]:
    """The code values of the CODE items of this name."""
    return [
        child.ConceptCodeSequence[0].CodeValue for child in items(item, name) if child.ValueType == "CODE"
    ]


def texts(item: Dataset, name: str) -> list[str]:
    """The TEXT items of this name."""
    return [child.TextValue for child in items(item, name)]


def groups(item: Dataset) -> list[Dataset]:
    """The measurement groups."""
    return list(items(item, "125007"))


def all_codes(dataset: Dataset) -> set[str]:
    """Every code value anywhere in the data set."""
    found = {str(dataset.CodeValue)} if "CodeValue" in dataset else set()
    for element in dataset:
        if element.VR == "SQ":
            found |= {value for item in element.value for value in all_codes(item)}
    return found


def references(item: Dataset) -> set[str]:
    """The SOP Instance UIDs that IMAGE items refer to."""
    return {
        reference.ReferencedSOPInstanceUID
        for child in items(item)
        for reference in child.get("ReferencedSOPSequence", ())
    }


def evidence(report: Dataset) -> set[str]:
    """The SOP Instance UIDs in Current Requested Procedure Evidence Sequence."""
    return {
        instance.ReferencedSOPInstanceUID
        for study in report.CurrentRequestedProcedureEvidenceSequence
        for series in study.ReferencedSeriesSequence
        for instance in series.ReferencedSOPSequence
    }


def code_of(sequence: list[Dataset]) -> Code:
    """The only item of a code sequence."""
    (item,) = sequence
    return Code(item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning)
