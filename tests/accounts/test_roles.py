"""Which roles are in force."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.utils import timezone

from samd.accounts import granting
from samd.accounts.models import Grant
from samd.accounts.roles import INCOMPATIBLE, Granted, Role, Trained, in_force, roles_of
from tests.accounts.people import grant, person, seal

pytestmark = pytest.mark.requirement("ACC-03", "ACC-01")

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
TODAY, DAY = NOW.date(), timedelta(days=1)
GRANTED = Granted(Role.APPROVER, until=None, sealed=True)
TRAINED = Trained(Role.APPROVER, completed_on=TODAY - DAY, valid_until=TODAY + DAY)


@pytest.mark.parametrize(
    ("granted", "trained", "counts"),
    [
        (GRANTED, TRAINED, True),
        (Granted(Role.APPROVER, until=None, sealed=False), TRAINED, False),
        (Granted(Role.APPROVER, until=NOW, sealed=True), TRAINED, False),
        (Granted(Role.APPROVER, until=NOW + timedelta(seconds=1), sealed=True), TRAINED, True),
        (GRANTED, Trained(Role.PHYSICIAN, TODAY, TODAY), False),
        (GRANTED, Trained(Role.APPROVER, TODAY, TODAY), True),
        (GRANTED, Trained(Role.APPROVER, TODAY - 9 * DAY, TODAY - DAY), False),
        (GRANTED, Trained(Role.APPROVER, TODAY + DAY, TODAY + 9 * DAY), False),
    ],
)
@pytest.mark.part11("11.10(g)", "11.10(i)")
def test_a_role_counts_when_sealed_in_time_and_trained_for(
    granted: Granted, trained: Trained, counts: bool
) -> None:
    assert in_force([granted], [trained], now=NOW) == (frozenset({Role.APPROVER}) if counts else frozenset())


def test_what_excludes_excludes_both_ways() -> None:
    assert set(INCOMPATIBLE) == set(Role)
    assert all(role in INCOMPATIBLE[other] for role in Role for other in INCOMPATIBLE[role])
    assert all(role not in INCOMPATIBLE[role] for role in Role)
    assert INCOMPATIBLE[Role.AUDITOR] == frozenset(Role) - {Role.AUDITOR}


@pytest.mark.django_db
class TestRolesOf:
    """Against the rows, the trail and its checkpoints."""

    def test_nobody_has_none(self) -> None:
        assert roles_of(AnonymousUser(), now=timezone.now()) == frozenset()

    def test_a_grant_counts_from_its_checkpoint_on(self) -> None:
        kim = person("kim")
        grant(kim, "approver")
        assert roles_of(kim, now=timezone.now()) == frozenset()

        seal()

        assert roles_of(kim, now=timezone.now()) == {Role.APPROVER}

    def test_a_role_that_was_withdrawn_ends_at_once(self, kim: User) -> None:
        granting.withdraw(kim, Role.PHYSICIAN, reason="moved", now=timezone.now())

        assert roles_of(kim, now=timezone.now()) == frozenset()

    def test_a_deactivated_person_has_none(self, kim: User) -> None:
        kim.is_active = False

        assert roles_of(kim, now=timezone.now()) == frozenset()

    @pytest.mark.part11("11.10(i)")
    def test_a_role_ends_with_its_time_and_with_its_training(self) -> None:
        lee = person("lee", "auditor")
        now = timezone.now()

        assert roles_of(lee, now=now) == {Role.AUDITOR}
        assert roles_of(lee, now=now + 31 * DAY) == frozenset()
        assert roles_of(person("kim", "physician"), now=now + 366 * DAY) == frozenset()

    @pytest.mark.part11("11.10(g)")
    def test_a_row_that_was_changed_in_the_database_gives_nothing(self, kim: User) -> None:
        Grant.objects.filter(user=kim).update(role="approver")

        grant_training = date.max
        kim.trainings.update(role="approver", valid_until=grant_training)

        assert roles_of(kim, now=timezone.now()) == frozenset()

    def test_an_end_that_was_removed_in_the_database_gives_nothing(self) -> None:
        kim, now = person("kim", "physician"), timezone.now()
        granting.withdraw(kim, Role.PHYSICIAN, reason="only for a day", now=now)
        granting.grant(kim, Role.PHYSICIAN, until=now + DAY, reason="only for a day", now=now)
        seal()
        assert roles_of(kim, now=timezone.now()) == {Role.PHYSICIAN}

        Grant.objects.filter(user=kim).update(until=None)

        assert roles_of(kim, now=timezone.now()) == frozenset()

    def test_a_grant_that_was_pasted_to_somebody_else_gives_nothing(self, kim: User) -> None:
        lee = person("lee", "integrator")
        Grant.objects.filter(user=lee).delete()

        Grant.objects.filter(user=kim).update(user=lee)
        kim.trainings.update(user=lee)

        assert roles_of(lee, now=timezone.now()) == frozenset()
