"""What the console calls a physician's assessment: decisions, statements, reasons, and why none was kept."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from samd.console import wording
from samd.console.wording import Word
from samd.domain.assessment import Decision, Fault, Statement, Why
from samd.records.assessments import Refusal

DECISIONS: Mapping[str, Word] = {
    Decision.AGREED: Word("agreed", pgettext_lazy("assessment", "Agreed")),
    Decision.CHANGED: Word("changed", pgettext_lazy("assessment", "Changed")),
    Decision.NOT_ASSESSABLE: Word("not-judged", pgettext_lazy("assessment", "Cannot be judged")),
}

# What a model says of a finding.
STATEMENTS: Mapping[str, Word] = {
    Statement.PRESENT: wording.PRESENT,
    Statement.ABSENT: wording.ABSENT,
    Statement.UNDETERMINED: wording.UNDETERMINED,
    Statement.MEASURED: wording.MEASURED,
}

# A physician says more than a model: what was looked for is not there.
PHYSICIANS: Mapping[str, Promise] = {
    Statement.PRESENT: pgettext_lazy("physician", "present"),
    Statement.ABSENT: pgettext_lazy("physician", "absent"),
    Statement.UNDETERMINED: pgettext_lazy("physician", "undetermined"),
    Statement.MISMEASURED: pgettext_lazy("physician", "measured wrongly"),
}

REASONS: Mapping[str, Promise] = {
    Why.FALSE_POSITIVE: pgettext_lazy("assessment", "false positive"),
    Why.FALSE_NEGATIVE: pgettext_lazy("assessment", "false negative"),
    Why.WRONG_MEASUREMENT: pgettext_lazy("assessment", "wrong measurement"),
    Why.WRONG_LOCATION: pgettext_lazy("assessment", "wrong location"),
    Why.UNSUITABLE_IMAGE: pgettext_lazy("assessment", "image not suitable"),
    Why.SUITABLE_IMAGE: pgettext_lazy("assessment", "the image was suitable"),
    Why.OTHER: pgettext_lazy("assessment", "other"),
}

REFUSALS: Mapping[Refusal | Fault, Promise] = {
    Refusal.NO_RESULT: _("The analysis has no result yet; nothing was saved."),
    Refusal.FAILED: _("The analysis failed: there is nothing to assess."),
    Refusal.SUPERSEDED: _(
        "Nothing was saved: a later analysis has taken the place of the one you assessed. Assess that."
    ),
    Refusal.MEANWHILE: _(
        "Nothing was saved: somebody assessed this result meanwhile. Look at that assessment first."
    ),
    Fault.NOTHING_CHANGED: _("Nothing was saved: change a finding, or choose a reason."),
    Fault.NO_CHANGE: _("Nothing was saved: what was sent does not hold together."),
    Fault.UNKNOWN_FINDING: _("Nothing was saved: what was sent does not hold together."),
    Fault.NOT_ANOTHER: _("Nothing was saved: what was sent does not hold together."),
    Fault.WHICH_POSITIVE: _(
        "Nothing was saved: for a false positive, say of which finding, by making it absent or undetermined."
    ),
    Fault.REASON_DOES_NOT_FIT: _("Nothing was saved: this reason does not fit the answer of the model."),
}
