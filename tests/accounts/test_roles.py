"""Which roles are in force: against the rows, the trail and its checkpoints."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.utils import timezone

from audit.models import AuditEvent
from samd.accounts import entitlement, granting, register
from samd.accounts.models import Grant, Training
from samd.accounts.roles import INCOMPATIBLE, Role, roles_of
from tests.accounts.people import grant, person, seal

pytestmark = pytest.mark.requirement("ACC-03", "ACC-01")

DAY = timedelta(days=1)


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
    def test_what_is_written_into_the_rows_gives_nothing(self, kim: User) -> None:
        Grant.objects.filter(user=kim).update(role="approver")
        kim.trainings.update(role="approver", valid_until=date.max)

        assert roles_of(kim, now=timezone.now()) == {Role.PHYSICIAN}

    def test_an_end_and_a_training_that_were_lengthened_in_the_rows_stay_as_they_were(self) -> None:
        lee, now = person("lee", "auditor"), timezone.now()
        kim = person("kim", "physician")

        Grant.objects.update(until=now + 999 * DAY)
        Training.objects.update(valid_until=date.max)

        assert roles_of(lee, now=now + 31 * DAY) == frozenset()
        assert roles_of(kim, now=now + 366 * DAY) == frozenset()

    @pytest.mark.part11("11.10(g)")
    def test_a_withdrawal_that_was_undone_in_the_rows_stays(self, kim: User) -> None:
        granting.withdraw(kim, Role.PHYSICIAN, reason="moved", now=timezone.now())

        Grant.objects.filter(user=kim).update(withdrawn_at=None)

        assert roles_of(kim, now=timezone.now()) == frozenset()
        seal()
        assert roles_of(kim, now=timezone.now()) == frozenset()

    def test_a_closed_account_that_was_opened_in_the_rows_has_none(self, kim: User) -> None:
        register.deactivate(kim, reason="left", now=timezone.now())

        User.objects.update(is_active=True)
        Grant.objects.update(withdrawn_at=None)

        assert roles_of(User.objects.get(pk=kim.pk), now=timezone.now()) == frozenset()

    def test_a_grant_that_was_pasted_to_somebody_else_gives_nothing(self, kim: User) -> None:
        lee = person("lee", "integrator")
        Grant.objects.filter(user=lee).delete()

        Grant.objects.filter(user=kim).update(user=lee)
        kim.trainings.update(user=lee)

        assert roles_of(lee, now=timezone.now()) == {Role.INTEGRATOR}

    @pytest.mark.part11("11.10(g)")
    def test_an_event_whose_text_was_changed_after_it_was_sealed_gives_nothing(self, kim: User) -> None:
        event = AuditEvent.objects.get(event="role:granted", subject=f"user/{kim.pk}")
        told = event.canonical.replace("physician", "approver")

        assert told != event.canonical
        assert not entitlement._is_sealed(told, event.entry.leaf, event.entry.seq, event.entry.seq + 1)
        assert entitlement._is_sealed(event.canonical, event.entry.leaf, event.entry.seq, event.entry.seq + 1)
