"""What the events about a person come to."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.events import Event
from samd.accounts.entitlement import Told, add_up
from samd.accounts.roles import Role, roles_in

pytestmark = pytest.mark.requirement("ACC-03", "ACC-01")

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
TODAY, DAY = NOW.date(), timedelta(days=1)


def granted(role: Role = Role.APPROVER, *, until: datetime | None = None, sealed: bool = True) -> Told:
    return Told(Event.ROLE_GRANTED, {"role": role, "until": until.isoformat() if until else None}, sealed)


def trained(
    role: Role = Role.APPROVER, first: date = TODAY, last: date = TODAY, *, sealed: bool = True
) -> Told:
    days = {"completed_on": first.isoformat(), "valid_until": last.isoformat()}
    return Told(Event.USER_TRAINED, {"role": role, **days}, sealed)


def withdrawn(role: Role = Role.APPROVER, *, sealed: bool = True) -> Told:
    return Told(Event.ROLE_WITHDRAWN, {"role": role}, sealed)


def locked(*, sealed: bool = True, **facts: bool) -> Told:
    return Told(Event.USER_LOCKED, facts, sealed)


def unlocked(*, sealed: bool = True) -> Told:
    return Told(Event.USER_UNLOCKED, {}, sealed)


@pytest.mark.parametrize(
    ("events", "counts"),
    [
        ([trained(), granted()], True),
        ([granted()], False),
        ([trained()], False),
        ([trained(), granted(sealed=False)], False),
        ([trained(sealed=False), granted()], False),
        ([trained(), granted(until=NOW)], False),
        ([trained(), granted(until=NOW + timedelta(seconds=1))], True),
        ([trained(Role.PHYSICIAN), granted()], False),
        ([trained(first=TODAY - 9 * DAY, last=TODAY - DAY), granted()], False),
        ([trained(first=TODAY + DAY, last=TODAY + 9 * DAY), granted()], False),
        ([trained(last=TODAY - DAY, first=TODAY - DAY), trained(), granted()], True),
        ([trained(), granted(), withdrawn()], False),
        ([trained(), granted(), withdrawn(sealed=False)], False),
        ([trained(), granted(), withdrawn(Role.PHYSICIAN)], True),
        ([trained(), granted(), withdrawn(), granted()], True),
        ([trained(), granted(), withdrawn(), granted(sealed=False)], False),
        ([trained(), granted(), Told(Event.USER_DEACTIVATED, {}, False)], False),
    ],
)
@pytest.mark.part11("11.10(g)", "11.10(i)")
def test_a_role_counts_when_granted_and_trained_for_under_a_checkpoint_and_not_withdrawn(
    events: list[Told], counts: bool
) -> None:
    assert roles_in(add_up(events), now=NOW) == (frozenset({Role.APPROVER}) if counts else frozenset())


@pytest.mark.parametrize(
    ("events", "shut"),
    [
        ([], False),
        ([locked(until_opened=True)], True),
        ([locked(until_opened=True, sealed=False)], True),
        ([locked()], False),
        ([locked(until_opened=True), locked()], True),
        ([locked(until_opened=True), unlocked()], False),
        ([locked(until_opened=True), unlocked(sealed=False)], True),
        ([locked(until_opened=True), unlocked(), locked(until_opened=True)], True),
    ],
)
@pytest.mark.part11("11.300(c)")
def test_an_account_is_shut_at_once_and_opened_under_a_checkpoint(events: list[Told], shut: bool) -> None:
    assert add_up(events).shut is shut


_ROLES = st.sampled_from(Role)
_ANY = st.one_of(
    st.builds(granted, _ROLES, sealed=st.booleans()),
    st.builds(trained, _ROLES, sealed=st.booleans()),
    st.builds(withdrawn, _ROLES, sealed=st.booleans()),
    st.builds(locked, until_opened=st.booleans(), sealed=st.booleans()),
    st.builds(unlocked, sealed=st.booleans()),
)


@given(st.lists(_ANY, max_size=12))
def test_what_no_checkpoint_covers_only_ever_takes_away(events: list[Told]) -> None:
    sealed, everything = add_up([e for e in events if e.sealed]), add_up(events)

    assert roles_in(everything, now=NOW) <= roles_in(sealed, now=NOW)
    assert everything.shut >= sealed.shut
