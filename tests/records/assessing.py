"""Builders of assessments, as a physician leaves them."""

from django.utils import timezone

from audit.signing_keys import Person
from samd.domain import assessment as domain
from samd.domain.assessment import Decision, Statement, Why
from samd.records import assessments
from samd.records.models import Analysis, Assessment

KIM = Person(7, "kim", "Dr. Kim")
LEE = Person(8, "lee", "Dr. Lee")
AGREED = domain.Assessment(Decision.AGREED)
NOT_ASSESSABLE = domain.Assessment(Decision.NOT_ASSESSABLE)


def changed(of: Analysis, said: Statement = Statement.ABSENT, *reasons: Why) -> domain.Assessment:
    """The first finding of the analysis, changed."""
    call = assessments.calls_of(of)[0]
    return domain.changed([domain.Correction(call.place, call.name, call.statement, said)], list(reasons))


def assessed(of: Analysis, said: domain.Assessment = AGREED, *, by: Person = KIM) -> Assessment:
    """An assessment in place of the one that is current."""
    before = of.assessments.filter(superseded_by=None).first()
    return assessments.assess(of, said, by=by, now=timezone.now(), seen=before.pk if before else None)
