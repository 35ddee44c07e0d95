"""The names of a log that began anew."""

import pytest

from audit.incarnation import base_of, following, number_of

pytestmark = pytest.mark.requirement("AUD-03")


def test_a_log_goes_on_under_its_next_name() -> None:
    names = ["hospital.example/samd"]
    for _ in range(10):
        names.append(following(names[-1]))

    assert names[1] == "hospital.example/samd~2"
    assert names[9:] == ["hospital.example/samd~10", "hospital.example/samd~11"]
    assert {base_of(name) for name in names} == {"hospital.example/samd"}
    assert [number_of(name) for name in names] == list(range(1, 12))


@pytest.mark.parametrize("name", ["samd~", "samd~0", "samd~x", "~2", "samd~2/x"])
def test_other_names_are_first_names(name: str) -> None:
    assert (base_of(name), number_of(name)) == (name, 1)
