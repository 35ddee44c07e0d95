"""The pages of validations: who sees them, what is registered, and how protocol and report are signed."""

import hashlib
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone, translation

from audit.events import Event
from audit.models import AuditEvent, Record, Signature
from audit.protection import protect, unprotect
from samd.accounts import granting
from samd.accounts.roles import Role
from tests.accounts.people import logged_in, person
from tests.console.signers import form, signer, text
from tests.console.signers import lee as lee
from tests.console.signers import park as park
from tests.console.signers import sealing_goes_on as sealing_goes_on
from tests.validation.builders import manifest, protocol_text, result
from tests.validation.report.example import document
from validation import approval, ledger
from validation.document import content_digest, kept
from validation.models import Run
from validation.protocol import Protocol, parse
from validation.views import LARGEST_PROTOCOL

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("sealing_goes_on"),
    pytest.mark.requirement("VAL-01", "VAL-08"),
]

LIST = "/validations/"
CASES = "case,output,truth,score,outcome,reasons\r\ncase-1,finding,1,0.9,present,\r\n"
SUMMARY: dict[str, Any] = {
    "kind": "validation report",
    "run": "validation/1",
    "title": "A protocol of the tests",
    "protocol": "test 1",
    "model": "toy 1.0.0",
    "comparator": "",
    "verdict": "met",
    "endpoints": [
        {
            "name": "Area",
            "metric": "AUC",
            "of": "finding",
            "primary": True,
            "verdict": "met",
            "sentence": "The lower limit, 0.81, is above 0.6.",
        },
        {
            "name": "Calibration error",
            "metric": "ECE",
            "of": "finding",
            "primary": False,
            "verdict": "described",
            "sentence": "",
        },
    ],
    "deviations": ["The protocol is not signed."],
    "digests": {"protocol": "1" * 64, "data set": "2" * 64},
    "content": "3" * 64,
}


def uploaded(user: User, content: bytes | None, name: str = "test.toml") -> str:
    """`user` sends a file; what the page says then."""
    given = {} if content is None else {"protocol": SimpleUploadedFile(name, content)}
    return str(logged_in(user).post(LIST, given, follow=True).content.decode())


def registered(user: User) -> Record:
    """The protocol of the tests, registered by `user`."""
    uploaded(user, protocol_text().encode())
    return Record.objects.get(subject=approval.subject_of(the_protocol()))


def the_protocol() -> Protocol:
    return parse(protocol_text().encode(), name="test.toml")


def address(record: Record) -> str:
    kind, name = record.subject.split("/")
    return f"{LIST}protocols/{name}/" if kind == "protocol" else f"{LIST}{name}/"


def sign(user: User, record: Record, meaning: str, **typed: str) -> str:
    return text(logged_in(user), f"{address(record)}sign/", form(user, record, meaning) | typed)


def started(*cases: str) -> Run:
    """A run of the protocol of the tests, of which `cases` are done."""
    run = ledger.open_run(the_protocol(), manifest(), code="c" * 64, works=2, now=timezone.now())
    for name in cases:
        ledger.keep(run, result(name))
    return run


def finished() -> Record:
    """The report of a run that has ended."""
    run = started("case-1", "case-2")
    report = document()
    summary = SUMMARY | {
        "content": content_digest(report),
        "cases": hashlib.sha256(CASES.encode()).hexdigest(),
    }
    ledger.finish(
        run,
        summary,
        report=kept(report),
        cases=CASES,
        signatures=approval.SIGNATURES,
        now=timezone.now(),
    )
    return Record.objects.get(subject=f"validation/{run.pk}")


def viewed(user: User) -> list[str]:
    rows = AuditEvent.objects.filter(event=Event.VALIDATION_VIEWED, actor=user.get_username())
    return list(rows.order_by("pk").values_list("subject", flat=True))


def protocols() -> list[Record]:
    return list(Record.objects.filter(subject__startswith="protocol/"))


@pytest.mark.parametrize("role", Role)
def test_each_page_is_for_who_signs_and_who_audits(role: Role) -> None:
    protocol, report = registered(person("author", "quality_officer")), finished()
    user = person("kim", role)
    pages = [LIST, address(protocol), address(report), f"{address(report)}report.json"]

    statuses = {logged_in(user).get(page).status_code for page in pages}

    sees = role in (Role.QUALITY_OFFICER, Role.APPROVER, Role.AUDITOR)
    assert statuses == ({200} if sees else {403})
    subjects = ["validations", protocol.subject, report.subject, report.subject]
    assert viewed(user) == (subjects if sees else [])


@pytest.mark.parametrize("role", ["approver", "auditor"])
def test_only_a_quality_officer_registers_a_protocol(role: str) -> None:
    user = person("kim", role)

    assert 'type="file"' not in text(logged_in(user), LIST)
    assert "None of your roles" in uploaded(user, protocol_text().encode())
    assert protocols() == []


def test_an_auditor_sees_who_signs_next_and_signs_nothing() -> None:
    record = registered(person("author", "quality_officer"))
    auditor = person("kim", "auditor")

    page = text(logged_in(auditor), address(record))

    assert '<section id="sign">' not in page
    assert "Next: “reviewed”, by somebody in the role Quality officer." in page
    assert "None of your roles" in sign(auditor, record, "reviewed")


def test_the_menu_offers_the_pages_to_whoever_may_open_them() -> None:
    link = f'<a href="{LIST}"'

    assert link in text(logged_in(person("kim", "auditor")), "/account/").split("<nav")[1]
    assert link not in text(logged_in(person("lim", "physician")), "/account/").split("<nav")[1]


def test_a_good_protocol_is_registered_as_it_was_sent() -> None:
    author = person("kim", "quality_officer")
    content = protocol_text().encode()

    page = uploaded(author, content)

    (record,) = protocols()
    said = json.loads(record.content)
    assert "The protocol is registered." in page
    assert (said["text"].encode(), said["author"]["name"]) == (content, "Dr. Kim")
    event = AuditEvent.objects.get(event=Event.PROTOCOL_REGISTERED)
    assert (event.subject, event.actor) == (record.subject, "kim")
    line = text(logged_in(author), LIST)
    assert the_protocol().digest[:16] in line
    assert "waiting for “reviewed”: Quality officer" in line


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "Choose the file of a protocol."),
        (b"", "missing"),
        (b"\xff\xfe", "is not TOML in UTF-8"),
        (protocol_text().replace("seed = 7", "").encode(), "missing: seed"),
        (protocol_text().replace('"Limitations"', '"Other"').encode(), "these statements: Limitations"),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "nested too deeply"),
        (protocol_text().encode() + b"#" * LARGEST_PROTOCOL, "larger than 1 MiB"),
    ],
)
def test_a_bad_protocol_says_why_and_nothing_is_kept(content: bytes | None, words: str) -> None:
    page = uploaded(person("kim", "quality_officer"), content)

    assert "Nothing was kept." in page
    assert words in page
    assert protocols() == []
    assert not AuditEvent.objects.filter(event=Event.PROTOCOL_REGISTERED).exists()


def test_what_a_file_holds_is_shown_and_never_obeyed() -> None:
    trick = "<script>alert(1)</script>"
    author = person("kim", "quality_officer")

    refused = uploaded(author, protocol_text().replace("seed = 7", f'"{trick}" = 7').encode())
    shown = uploaded(author, protocol_text().replace("A protocol of the tests", trick).encode())

    assert trick not in refused + shown
    assert "&lt;script&gt;" in refused
    assert "&lt;script&gt;" in shown


def test_the_same_protocol_again_is_the_one_that_is_there() -> None:
    registered(person("kim", "quality_officer"))

    page = uploaded(person("lim", "quality_officer"), protocol_text().encode())

    assert "was registered before" in page
    assert "Dr. Kim" in page
    assert len(protocols()) == 1


def test_a_protocol_is_shown_with_its_goals_their_reasons_and_its_text() -> None:
    record = registered(person("kim", "quality_officer"))

    page = text(logged_in(person("lim", "auditor")), address(record))

    for words in (
        "A protocol of the tests",
        "finding, 95 %",
        "lower limit above 0.6",
        "as the tests need it",
        "[[endpoints]]",
    ):
        assert words in page
    assert the_protocol().digest in page
    assert "Nobody has signed yet." in page


def test_two_people_sign_a_protocol(lee: User, park: User) -> None:
    record = registered(person("author", "quality_officer"))
    assert record.digest in text(logged_in(lee), address(record)).split('<section id="sign">')[1]

    assert "Signed: reviewed." in sign(lee, record, "reviewed")
    assert "Signed: approved." in sign(park, record, "approved")

    assert [one.name for one in approval.signatures_of(record.subject)] == ["Dr. Lee", "Dr. Park"]
    page = text(logged_in(lee), LIST)
    assert "Dr. Lee" in page
    assert "Dr. Park" in page
    assert "waiting for" not in page
    assert approval.is_signed_before(approval.signatures_of(record.subject), timezone.now())


def test_two_people_sign_a_report(lee: User, park: User) -> None:
    record = finished()
    assert "It is your turn" in text(logged_in(lee), address(record))
    assert "It is your turn" not in text(logged_in(park), address(record))

    assert "Another signature comes first." in sign(park, record, "approved")
    assert "Signed: reviewed." in sign(lee, record, "reviewed")
    assert "Signed: approved." in sign(park, record, "approved")

    assert [one.meaning for one in approval.signatures_of(record.subject)] == ["reviewed", "approved"]


def test_who_registered_a_protocol_does_not_approve_it(lee: User) -> None:
    both = signer("choi", "quality_officer", "approver")
    record = registered(both)
    sign(lee, record, "reviewed")

    page = text(logged_in(both), address(record))
    refused = sign(both, record, "approved")

    assert '<section id="sign">' not in page
    assert "You made this record; somebody else must approve it." in page
    assert "You made this record; somebody else must approve it." in refused
    assert [one.meaning for one in Signature.objects.filter(record=record)] == ["reviewed"]


@pytest.mark.parametrize("make", [registered, lambda _lee: finished()], ids=["protocol", "report"])
def test_what_was_not_shown_is_not_signed(lee: User, make: Any) -> None:
    record = make(lee)

    page = sign(lee, record, "reviewed", shown="0" * 64)

    assert "no longer the one that you were shown" in page
    assert not Signature.objects.filter(record=record).exists()


def test_who_lost_the_role_signs_no_more(lee: User) -> None:
    record = finished()
    granting.withdraw(lee, Role.QUALITY_OFFICER, reason="another ward", now=timezone.now())

    assert logged_in(lee).post(f"{address(record)}sign/", form(lee, record, "reviewed")).status_code == 403
    assert not Signature.objects.filter(record=record).exists()


@pytest.mark.parametrize(
    ("make", "words", "others"),
    [
        (registered, "limit = 0.6", "limit = 0.5"),
        (lambda _lee: finished(), "is above 0.6", "is above 0.9"),
    ],
    ids=["protocol", "report"],
)
def test_a_record_that_was_altered_below_us_says_so_and_asks_for_no_signature(
    lee: User, make: Any, words: str, others: str
) -> None:
    record = make(lee)
    assert words in record.content
    unprotect(connection)
    Record.objects.filter(pk=record.pk).update(content=record.content.replace(words, others))
    protect(connection)

    page = text(logged_in(lee), address(record))

    assert "This record, or a signature on it, was altered." in page
    assert '<section id="sign">' not in page
    assert "no longer the one that you were shown" in sign(lee, record, "reviewed")


def test_a_report_says_what_was_found_and_on_what_it_rests() -> None:
    record = finished()

    page = text(logged_in(person("kim", "auditor")), address(record))

    primary = page.split("Primary endpoints")[1].split("</section>")[0]
    assert "The lower limit, 0.81, is above 0.6." in primary
    assert "Calibration error" not in primary
    for words in (
        "toy 1.0.0",
        "The protocol is not signed.",
        "2" * 64,
        content_digest(document()),
        "was never registered here",
    ):
        assert words in page


def test_the_report_is_downloaded_as_it_is_signed() -> None:
    record = finished()
    auditor = person("kim", "auditor")

    response = logged_in(auditor).get(f"{address(record)}report.json")

    assert response.content.decode() == record.content
    assert response.headers["Content-Disposition"].startswith("attachment; filename=")
    event = AuditEvent.objects.get(event=Event.VALIDATION_VIEWED)
    assert record.digest in event.canonical


def test_a_run_that_goes_on_has_nothing_to_sign(lee: User) -> None:
    run = started("case-1")
    page = text(logged_in(lee), f"{LIST}{run.pk}/")

    assert "This run is not finished" in page
    assert '<section id="sign">' not in page
    assert "not finished" in text(logged_in(lee), LIST)
    for missing in ("report.json", "sign/"):
        client = logged_in(lee)
        send = client.get if missing == "report.json" else client.post
        assert send(f"{LIST}{run.pk}/{missing}").status_code == 404


def test_cases_are_counted_once_whoever_else_answers_them() -> None:
    run = started("case-1", "case-2")
    ledger.keep(run, result("case-1", model="b" * 64))
    ledger.keep(run, result("case-1", variant="noise 5"))

    page = text(logged_in(person("kim", "auditor")), LIST)

    assert '<td class="number">2</td>' in page


def test_a_protocol_leads_to_its_runs_and_a_run_to_its_protocol() -> None:
    record, report = registered(person("author", "quality_officer")), finished()
    client = logged_in(person("kim", "auditor"))

    assert f'href="{address(report)}"' in text(client, address(record))
    assert f'href="{address(record)}"' in text(client, address(report))


def test_the_newest_stands_first(lee: User) -> None:
    first, second = finished(), started()
    page = text(logged_in(lee), LIST)

    assert page.index(f'href="{LIST}{second.pk}/"') < page.index(f'href="{address(first)}"')


@pytest.mark.parametrize("page", ["protocols/0123456789abcdef/", "protocols/x/", "4711/", "4711/report.json"])
def test_what_is_not_there_has_no_page(page: str) -> None:
    user = person("kim", "auditor")

    assert logged_in(user).get(f"{LIST}{page}").status_code == 404
    assert viewed(user) == []


def test_the_pages_speak_korean() -> None:
    record, report = registered(person("author", "quality_officer")), finished()
    client: Client = logged_in(person("kim", "auditor"))
    client.cookies["django_language"] = "ko"
    with translation.override("en"):
        pages = [text(client, page) for page in (LIST, address(record), address(report))]

    for page, words in zip(pages, ("계획서", "하한이 0.6보다 높음", "일차 평가변수"), strict=True):
        assert words in page


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("report.pdf", b"%PDF-"),
        ("report.ko.pdf", b"%PDF-"),
        ("report.html", b"<!doctype html>"),
        ("report.ko.html", b"<!doctype html>"),
        ("report.json", b"{"),
        ("cases.csv", CASES.encode()),
    ],
)
def test_the_files_of_a_finished_run_are_handed_out_and_that_is_recorded(name: str, begins: bytes) -> None:
    record, user = finished(), person("kim", "auditor")

    response = logged_in(user).get(f"{address(record)}files/{name}")

    assert response.status_code == 200
    assert response.content.startswith(begins)
    assert name in response.headers["Content-Disposition"]
    event = AuditEvent.objects.filter(event=Event.VALIDATION_VIEWED).latest("pk")
    assert f'"format":"{name}"' in event.canonical


def test_a_file_shows_who_has_signed_since_the_run_ended(lee: User, park: User) -> None:
    record = finished()
    sign(lee, record, "reviewed")

    report = json.loads(logged_in(park).get(f"{address(record)}files/report.json").content)

    assert [(one["name"], one["meaning"]) for one in report["signatures"]] == [("Dr. Lee", "reviewed")]


@pytest.mark.parametrize("column", ["report", "case_table"])
def test_a_report_that_was_altered_is_not_handed_out(column: str) -> None:
    record, user = finished(), person("kim", "auditor")
    run = Run.objects.get(record=record)
    setattr(run, column, getattr(run, column).replace("9", "8"))
    run.save()
    name = "report.json" if column == "report" else "cases.csv"

    page = logged_in(user).get(f"{address(record)}files/{name}", follow=True).content.decode()

    assert "not what was signed" in page
    assert viewed(user)[-1:] == [record.subject]  # the page, not the file


def test_there_is_no_file_of_another_name_nor_of_a_run_under_way() -> None:
    record, user = finished(), person("kim", "auditor")
    unfinished = started()

    for page in (f"{address(record)}files/manage.py", f"{LIST}{unfinished.pk}/files/report.pdf"):
        assert logged_in(user).get(page).status_code == 404


def test_a_run_says_how_far_it_is_and_when_it_has_ended(lee: User) -> None:
    run, client = started("case-1"), logged_in(lee)

    before = text(client, f"{LIST}{run.pk}/progress/")
    ledger.keep(run, result("case-2"))
    meanwhile = text(client, f"{LIST}{run.pk}/progress/")

    assert "1 of 2 analyses" in before
    assert "being drawn up" in meanwhile
    assert viewed(lee) == []  # it belongs to the page of the run
