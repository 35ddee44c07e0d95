"""Change plans as records that are signed before a candidate is decided by them."""

from datetime import datetime

from audit.events import Event
from audit.models import Record
from audit.records import verify_record
from audit.signing_keys import Person
from audit.verdicts import content_of, is_complete
from samd.domain.change_plan import ChangePlan, PlanRefused, parse
from validation import approval

PLANS = "change-plan/"


def register(plan: ChangePlan, content: bytes, *, author: Person, now: datetime) -> Record:
    """Keep the plan, whose file has the bytes `content`, as a record that waits for its signatures.

    The record that is there already, where it was registered before.
    """
    return approval.keep(
        f"{PLANS}{plan.digest[:16]}",
        plan,
        content,
        kind="change plan",
        event=Event.CHANGE_PLANNED,
        author=author,
        now=now,
    )


def plan_of(record: Record) -> ChangePlan:
    """The plan that the record holds. Raises PlanRefused where that is not what was registered."""
    said = content_of(record.content)
    plan = parse(str(said.get("text", "")).encode(), name=record.subject)
    if plan.digest != said.get("digest"):
        raise PlanRefused(f"{record.subject} is not the plan that was registered")
    return plan


def is_signed(record: Record) -> bool:
    """Whether every signature that the record asks for is there and counts."""
    verdicts = verify_record(record.subject, record.content)
    return is_complete(content_of(record.content), verdicts)
