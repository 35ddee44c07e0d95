"""What is remembered of runs: which there were, and every result as it came, so a stopped run goes on."""

from django.db import models
from django.db.models import Q

from audit.models import AuditEvent, Record
from validation import monitoring_models as monitoring_models


class Run(models.Model):
    """One execution of a protocol, of what the digests say. Until it is finished it can be gone on with."""

    protocol = models.CharField(max_length=64)
    name = models.CharField(max_length=128)
    data = models.CharField(max_length=64)
    model = models.CharField(max_length=64)
    comparator = models.CharField(max_length=64, blank=True)
    code = models.CharField(max_length=64)
    works = models.PositiveIntegerField(default=0)  # how many analyses it takes
    started_at = models.DateTimeField()
    event = models.OneToOneField(AuditEvent, on_delete=models.PROTECT, related_name="+")
    finished_at = models.DateTimeField(null=True)
    record = models.OneToOneField(Record, on_delete=models.PROTECT, null=True, related_name="+")
    report = models.TextField(blank=True)  # validation.document.kept
    case_table = models.TextField(blank=True)  # CSV

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(
                condition=Q(finished_at__isnull=False) | Q(record__isnull=True),
                name="only_what_ended_is_signed",
            ),
        )

    def __str__(self) -> str:
        return f"validation/{self.pk}"


class RunOrder(models.Model):
    """That somebody wants a signed protocol to be run: done, or refused with a reason, when it `ended_at`."""

    record = models.ForeignKey(Record, on_delete=models.PROTECT, related_name="+")  # of the protocol
    by = models.CharField(max_length=150)
    address = models.CharField(max_length=64, blank=True)
    ordered_at = models.DateTimeField()
    run = models.ForeignKey(Run, on_delete=models.PROTECT, null=True, related_name="orders")
    ended_at = models.DateTimeField(null=True)
    refused = models.TextField(blank=True)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("record",), condition=Q(ended_at=None), name="a_protocol_is_run_once_at_a_time"
            ),
        )

    def __str__(self) -> str:
        return f"order/{self.pk}"


class Outcome(models.Model):
    """What a model said of one case, under one variant: once for each run, whoever worked on it."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="outcomes")
    model = models.CharField(max_length=64)
    case = models.CharField(max_length=128)
    variant = models.CharField(max_length=64, blank=True)
    content = models.JSONField()

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=("run", "model", "case", "variant"), name="a_case_counts_once"),
        )

    def __str__(self) -> str:
        return f"{self.case} {self.variant}".strip()
