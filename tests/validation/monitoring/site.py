"""A site where a model is in use: stored images, analyses as the workers leave them, people who sign."""

from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from audit import trail
from audit.events import Event
from samd.domain.finding import Answer
from samd.records.models import Analysis, ModelVersion
from tests.audit.signers import LEE, PARK, Site
from tests.console import rows
from tests.validation.monitoring.builders import DIGEST, draft_text, finding
from validation.monitoring.rounds import InForce, plans_in_force


def model_in_use() -> ModelVersion:
    return rows.model("cxr", digest=DIGEST, title="Chest radiograph")


def analysed(
    model: ModelVersion, *, score: float | None = 0.3, maker: str = "ACME", **header: Any
) -> Analysis:
    """A study that was analysed and reported now; without a score it was not analysable."""
    number = Analysis.objects.count() + 1
    said: dict[str, Any] = {
        "StudyInstanceUID": f"1.2.3.{number}",
        "SeriesInstanceUID": f"1.2.4.{number}",
        "Modality": "DX",
    }
    run = rows.study(modality="DX", **{**said, "Rows": 2022, "Manufacturer": maker, **header})
    answer = Answer.NOT_ANALYSABLE if score is None else Answer.FINDING
    made = rows.analysis(
        run,
        answer,
        by=model,
        findings=[] if score is None else [finding(score)],
        queued_at=timezone.now() - timedelta(seconds=4),
    )
    with transaction.atomic():
        made.released_by = trail.append(Event.ANALYSIS_REPORTED, str(made), model=model.digest, answer=answer)
        made.save()
    return made


def monitor(*arguments: str) -> str:
    """What `manage.py monitor` prints."""
    out = StringIO()
    call_command("monitor", *arguments, stdout=out)
    return out.getvalue()


def planned(folder: Path, *streams: str, **changes: Any) -> Path:
    """A plan whose limits are from everything that was analysed until now."""
    (folder / "draft.toml").write_text(draft_text(*streams, **changes))
    today = timezone.localdate()
    monitor(
        *("baseline", str(folder / "draft.toml"), "--out", str(folder / "plan.toml")),
        *("--since", str(today - timedelta(days=1)), "--until", str(today + timedelta(days=1))),
    )
    return folder / "plan.toml"


def author() -> User:
    """Who writes plans: another person than those who sign."""
    named = {"first_name": "Choi", "last_name": "Ji-woo"}
    return User.objects.get_or_create(pk=77, username="author", defaults=named)[0]


def signed(site: Site, path: Path) -> InForce:
    """The plan, registered and signed by two people."""
    author()
    subject = monitor("plan", "register", str(path), "--author", "author").split()[0]
    site.sign(subject, LEE, "reviewed")
    site.sign(subject, PARK, "approved")
    (holding,) = plans_in_force()
    return holding


def period() -> tuple[date, date]:
    """A period with today in it."""
    return timezone.localdate() - timedelta(days=1), timezone.localdate() + timedelta(days=1)
