"""From which workstation somebody comes."""

import pytest

from samd.accounts.address import forwarded_address

pytestmark = pytest.mark.requirement("ACC-02", "AUD-07")


@pytest.mark.parametrize(
    ("forwarded", "proxies", "address"),
    [
        ("", 0, "10.0.0.1"),
        ("192.0.2.7", 0, "10.0.0.1"),  # anybody can write this header
        ("192.0.2.7", 1, "192.0.2.7"),
        ("198.51.100.9, 192.0.2.7", 1, "192.0.2.7"),  # the left one was made up
        ("198.51.100.9, 192.0.2.7, 10.0.0.9", 2, "192.0.2.7"),
        ("192.0.2.7", 2, "10.0.0.1"),  # it did not come through both
        ("2001:db8::7", 1, "2001:db8::7"),
        ("<script>", 1, "10.0.0.1"),
        ("", 1, "10.0.0.1"),
    ],
)
def test_only_what_our_own_proxies_heard_counts(forwarded: str, proxies: int, address: str) -> None:
    assert forwarded_address("10.0.0.1", forwarded, proxies=proxies) == address
