"""Signing in the console: who may, with what, and what is recorded of it; and the page of signing keys."""

import json

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from audit import review, trail
from audit.events import Event
from audit.models import AuditEvent, Record, Signature, SigningKey
from audit.month import Month
from audit.protection import protect, unprotect
from audit.sealing import NotSealed
from audit.signing_keys import Person
from audit.trail import Outcome
from audit.turn import Refusal
from audit.verdicts import Problem
from samd.accounts import granting, passwords, register
from samd.accounts.roles import Role
from samd.console.review_content import SECTIONS
from samd.console.signature_page import PROBLEMS, REFUSALS
from samd.console.signing import confirming_role
from tests.accounts.people import PASSWORD, code_of, logged_in, person, recovery_codes_of
from tests.console.signers import (
    confirm,
    enrol,
    form,
    last_month,
    opened,
    sign,
    signer,
    text,
)
from tests.console.signers import lee as lee
from tests.console.signers import park as park
from tests.console.signers import sealing_goes_on as sealing_goes_on

NOBODY = Person(0, "nobody", "Nobody")

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sealing_goes_on")]


def refusals() -> list[tuple[str, str, str, int]]:
    rows = AuditEvent.objects.filter(event=Event.SIGNATURE_REFUSED).order_by("pk")
    return [(r.subject, r.actor, json.loads(r.canonical)["reason"], r.outcome) for r in rows]


def address(month: Month) -> str:
    return reverse("review", args=[str(month)])


@pytest.mark.requirement("SIG-01")
@pytest.mark.part11("11.10(j)", "11.200(a)(1)")
def test_the_form_asks_for_both_components_and_says_what_a_signature_means(lee: User) -> None:
    record = opened(lee)

    page = text(logged_in(lee), address(last_month()))

    part = page.split('<section id="sign">')[1].split("</section>")[0]
    assert 'name="password"' in part
    assert 'name="code"' in part
    assert "I, Dr. Lee, sign what is shown here as reviewed. This signature binds me like one in ink" in part
    assert reverse("account-policy") in part
    assert record.digest in part


@pytest.mark.requirement("SIG-01")
@pytest.mark.part11("11.10(j)")
def test_the_edition_of_the_accepted_policy_is_signed(lee: User) -> None:
    record = opened(lee)

    sign(lee, record, "reviewed")

    assert json.loads(Signature.objects.get(record=record).manifest)["accountability"] == "policy/1"


@pytest.mark.requirement("SIG-01", "SIG-02")
@pytest.mark.part11("11.200(a)(1)", "11.300(d)")
@pytest.mark.parametrize("typed", [{"code": "000000"}, {"password": "wrong"}, {"code": ""}, {"password": ""}])
def test_a_wrong_component_signs_nothing_and_is_recorded(lee: User, typed: dict[str, str]) -> None:
    record = opened(lee)

    page = sign(lee, record, "reviewed", **typed)

    assert "Password and code do not match" in page
    assert not Signature.objects.filter(record=record).exists()
    assert refusals() == [(str(record), "lee", str(Refusal.NOT_CONFIRMED), Outcome.MINOR_FAILURE)]


@pytest.mark.requirement("SIG-01")
@pytest.mark.part11("11.200(a)(1)")
def test_both_components_are_asked_for_at_every_signature_also_in_one_session(lee: User, park: User) -> None:
    record = opened(lee)
    session = logged_in(lee)
    where = reverse("review-sign", args=[str(last_month())])
    typed = form(lee, record, "reviewed")
    assert "Signed" in text(session, where, typed)

    # The same session, the same person, the next record: what was typed before is worth nothing.
    month = address(last_month())
    text(session, month, {"comments": "One more.", "because": "an export was overlooked"})
    corrected = Record.objects.get(subject=f"{record}/2")
    page = text(session, where, typed | {"shown": corrected.digest})

    assert "the code has been used" in page
    assert not Signature.objects.filter(record=corrected).exists()


@pytest.mark.requirement("SIG-01")
def test_a_recovery_code_signs_too(lee: User) -> None:
    record = opened(lee)

    assert "Signed" in sign(lee, record, "reviewed", code=recovery_codes_of(lee)[0])


@pytest.mark.requirement("SIG-01", "ACC-02")
@pytest.mark.part11("11.300(d)")
def test_failures_while_signing_lock_the_account(lee: User) -> None:
    record = opened(lee)
    for _ in range(5):
        page = sign(lee, record, "reviewed", password="guessed")

    assert "locked" in page
    assert "locked" in sign(lee, record, "reviewed")
    assert not Signature.objects.filter(record=record).exists()
    assert len(refusals()) == 6
    assert AuditEvent.objects.filter(event=Event.USER_LOCKED, subject=f"user/{lee.pk}").exists()


@pytest.mark.requirement("SIG-02")
def test_one_person_does_not_sign_twice(lee: User, park: User) -> None:
    both = signer("choi", "quality_officer", "approver")
    record = opened(lee)
    sign(both, record, "reviewed")

    page = sign(both, record, "approved")

    assert "You have signed this record already" in page
    assert refusals() == [(str(record), "choi", str(Refusal.TWICE), Outcome.MINOR_FAILURE)]


@pytest.mark.requirement("SIG-01", "SIG-02")
@pytest.mark.part11("11.70")
def test_what_was_not_shown_is_not_signed(lee: User) -> None:
    record = opened(lee)

    page = sign(lee, record, "reviewed", shown="0" * 64)

    assert "no longer the one that you were shown" in page
    assert refusals() == [(str(record), "lee", str(Refusal.NOT_SHOWN), Outcome.MINOR_FAILURE)]


@pytest.mark.requirement("SIG-02", "ACC-01")
@pytest.mark.part11("11.10(g)")
def test_the_form_is_there_for_whose_turn_it_is_and_for_nobody_else(lee: User, park: User) -> None:
    record = opened(lee)
    month = address(last_month())
    assert '<section id="sign">' in text(logged_in(lee), month)
    assert '<section id="sign">' not in text(logged_in(park), month)

    sign(lee, record, "reviewed")

    assert '<section id="sign">' in text(logged_in(park), month)
    page = text(logged_in(lee), month)
    assert '<section id="sign">' not in page
    assert "You do not hold the role that this signature asks for." in page


@pytest.mark.requirement("SIG-02")
@pytest.mark.part11("11.10(g)")
def test_who_lost_the_role_signs_no_more(lee: User) -> None:
    record = opened(lee)
    granting.withdraw(lee, Role.QUALITY_OFFICER, reason="another ward", now=timezone.now())

    response = logged_in(lee).post(
        reverse("review-sign", args=[str(last_month())]), form(lee, record, "reviewed")
    )

    assert response.status_code == 403
    assert not Signature.objects.filter(record=record).exists()


@pytest.mark.requirement("SIG-02")
@pytest.mark.part11("11.10(a)", "11.70")
def test_a_record_that_was_changed_in_the_database_says_so_on_its_page(lee: User, park: User) -> None:
    record = opened(lee, "An export was not explained.")
    sign(lee, record, "reviewed")
    changed = record.content.replace("An export was not explained.", "All is well.")

    unprotect(connection)
    Record.objects.filter(pk=record.pk).update(content=changed)
    protect(connection)

    page = text(logged_in(lee), address(last_month()))
    assert "does not count" in page
    assert "The record is not the one that was signed." in page
    assert "This review, or a signature on it, was altered." in page
    refused = sign(park, record, "approved")
    assert "no longer the one that you were shown" in refused


@pytest.mark.requirement("SIG-03")
def test_a_signature_without_a_checkpoint_says_that_it_waits(
    lee: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = opened(lee)

    def never(_seconds: float) -> None:
        raise NotSealed

    monkeypatch.setattr("audit.sealing.time.sleep", never)
    page = sign(lee, record, "reviewed")

    assert "no checkpoint covers it yet" in page
    assert "takes effect with the next checkpoint" in page


@pytest.mark.requirement("SIG-01")
@pytest.mark.part11("11.100(b)", "11.200(a)(1)")
def test_a_key_is_made_with_both_components(db: None) -> None:
    lee = person("lee", "quality_officer")

    assert "do not match" in enrol(lee, code="000000")
    assert not SigningKey.objects.exists()
    assert "Your signing key is made, and counts." in enrol(lee)

    key = SigningKey.objects.get()
    assert (key.user_id, key.name) == (lee.pk, "Dr. Lee")
    assert key.fingerprint in text(logged_in(lee), "/signature/")


@pytest.mark.requirement("SIG-01")
@pytest.mark.part11("11.100(b)", "11.200(a)(3)")
def test_a_colleague_confirms_a_key_before_it_counts(lee: User) -> None:
    park = person("park", "approver")

    assert "as soon as a colleague has confirmed" in enrol(park)
    key = SigningKey.objects.get(user_id=park.pk)
    assert "a colleague must confirm it" in text(logged_in(park), "/signature/")

    asked = text(logged_in(lee), "/signature/")
    assert key.fingerprint in asked
    assert "Dr. Park" in asked
    assert "Signed: approved." in confirm(lee, key)
    assert "Your key counts: you can sign." in text(logged_in(park), "/signature/")
    assert "Colleagues who ask you" not in text(logged_in(lee), "/signature/")


@pytest.mark.requirement("SIG-01")
@pytest.mark.part11("11.200(a)(3)")
def test_nobody_confirms_their_own_key(lee: User, park: User) -> None:
    enrol(lee)
    key = SigningKey.objects.get(user_id=lee.pk, retired_at=None)

    assert key.confirmation is not None
    assert "You do not hold the role" in confirm(lee, key)
    assert "Signed: approved." in confirm(park, key)


@pytest.mark.requirement("SIG-01")
@pytest.mark.part11("11.200(a)(3)")
def test_a_key_after_a_reset_password_needs_a_colleague_again(lee: User, park: User) -> None:
    # An administrator gives Park another password, knows it, and has Park's telephone too.
    record = opened(lee)
    sign(lee, record, "reviewed")
    given = register.new_password(park, reason="forgotten")
    passwords.change(park, "chosen by somebody else", old=given)
    given = "chosen by somebody else"

    page = sign(park, record, "approved", password=given)

    assert "Nothing was signed" in page
    enrol(park, password=given)
    page = sign(park, record, "approved", password=given)
    assert "a colleague must confirm it" in page
    assert not Signature.objects.filter(record=record, meaning="approved").exists()


@pytest.mark.requirement("SIG-01")
@pytest.mark.parametrize(
    ("others", "role"),
    [
        ([], None),
        ([{Role.PHYSICIAN}, {Role.ADMINISTRATOR}], None),
        ([{Role.APPROVER}], Role.APPROVER),
        ([{Role.APPROVER}, {Role.QUALITY_OFFICER}], Role.QUALITY_OFFICER),
    ],
)
def test_who_administers_accounts_confirms_no_key(others: list[set[Role]], role: Role | None) -> None:
    assert confirming_role(map(frozenset, others)) == role


@pytest.mark.requirement("SIG-01")
def test_where_nobody_is_left_who_may_confirm_the_page_says_what_to_do(lee: User) -> None:
    park = person("park", "approver")
    with transaction.atomic():  # of the role alone: the key is kept
        trail.append(Event.ROLE_WITHDRAWN, f"user/{lee.pk}", role=Role.QUALITY_OFFICER)

    page = enrol(park)

    assert "Ask your administrator" in page
    assert not SigningKey.objects.filter(user_id=park.pk).exists()


@pytest.mark.requirement("SIG-01", "ACC-03")
@pytest.mark.part11("11.300(b)")
def test_who_leaves_or_loses_the_signing_roles_keeps_no_key(lee: User, park: User) -> None:
    granting.withdraw(park, Role.APPROVER, reason="another ward", now=timezone.now())
    register.deactivate(lee, reason="left the hospital", now=timezone.now())

    assert not SigningKey.objects.filter(retired_at=None).exists()
    assert AuditEvent.objects.filter(event=Event.SIGNING_KEY_RETIRED).count() == 2


@pytest.mark.requirement("SIG-01")
@pytest.mark.part11("11.300(b)")
def test_who_changes_their_own_password_signs_on_with_the_new_one(lee: User) -> None:
    record = opened(lee)
    new = "another correct horse battery"

    text(
        logged_in(lee),
        reverse("account_change_password"),
        {"oldpassword": PASSWORD, "password1": new, "password2": new},
    )

    lee.refresh_from_db()
    assert "do not match" in sign(lee, record, "reviewed")
    assert "Signed: reviewed." in sign(lee, record, "reviewed", password=new)


@pytest.mark.requirement("SIG-01", "SIG-03")
def test_everything_that_can_be_wrong_has_its_words() -> None:
    assert set(REFUSALS) == set(Refusal)
    assert set(PROBLEMS) == set(Problem)
    assert set(SECTIONS) == set(review.SECTIONS)


@pytest.mark.requirement("SIG-02")
@pytest.mark.part11("11.300(d)")
def test_neither_password_nor_code_stands_in_any_table(lee: User) -> None:
    record = opened(lee)
    code = code_of(lee)
    sign(lee, record, "reviewed", code=code)

    stored = json.dumps([list(AuditEvent.objects.values()), list(Signature.objects.values())], default=str)
    assert PASSWORD not in stored
    assert f'"{code}"' not in stored
