"""What is remembered of monitoring: plans, observations and charts, breaches, problems, periodic reports."""

from django.db import models
from django.db.models import Q

from audit.models import AuditEvent, Record


class MonitoringPlan(models.Model):
    """A plan that was registered. It holds once its record is signed (validation.monitoring.rounds)."""

    digest = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=64)
    version = models.CharField(max_length=32)
    record = models.OneToOneField(Record, on_delete=models.PROTECT, related_name="+")
    registered_at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class Observed(models.Model):
    """An observation that was counted: `source` ("analysis/17") once for each plan, by `number`."""

    plan = models.ForeignKey(MonitoringPlan, on_delete=models.PROTECT, related_name="observations")
    number = models.PositiveIntegerField()
    source = models.CharField(max_length=64)
    at = models.DateTimeField()
    version = models.CharField(max_length=64)
    content = models.JSONField()

    class Meta:
        verbose_name_plural = "observed"
        ordering = ("plan", "number")
        constraints = (
            models.UniqueConstraint(fields=("plan", "source"), name="an_observation_counts_once"),
            models.UniqueConstraint(fields=("plan", "number"), name="observations_have_an_order"),
        )

    def __str__(self) -> str:
        return self.source


class ChartState(models.Model):
    """Where a chart stands: a stream of a plan, in the group of a version."""

    plan = models.ForeignKey(MonitoringPlan, on_delete=models.PROTECT, related_name="charts")
    stream = models.CharField(max_length=128)
    version = models.CharField(max_length=64)
    attribute = models.CharField(max_length=64, blank=True)
    level = models.CharField(max_length=64, blank=True)
    content = models.JSONField()
    recent = models.JSONField(default=list)  # the newest signals as [number of the value, signal]

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("plan", "stream", "version", "attribute", "level"), name="one_chart_for_a_group"
            ),
        )

    def __str__(self) -> str:
        return f"{self.stream} {self.level}".strip()


class Problem(models.Model):
    """A problem record: from a breach, or from a complaint. Nothing of it changes but that it is closed."""

    class Origin(models.TextChoices):
        BREACH = "breach", "breach"
        COMPLAINT = "complaint", "complaint"

    origin = models.CharField(max_length=16, choices=Origin.choices)
    title = models.CharField(max_length=200)
    version = models.CharField(max_length=64, blank=True)  # the digest of the model that it concerns
    chart = models.ForeignKey(ChartState, null=True, on_delete=models.PROTECT, related_name="problems")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    conclusion = models.TextField(blank=True)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("chart",), condition=Q(closed_at=None), name="one_open_problem_for_a_chart"
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None) | ~Q(conclusion=""), name="what_is_closed_says_why"
            ),
        )

    def __str__(self) -> str:
        return f"problem/{self.pk}"


class Breach(models.Model):
    """A signal beyond its limit; `number` is that of the value in its chart."""

    chart = models.ForeignKey(ChartState, on_delete=models.PROTECT, related_name="breaches")
    observed = models.ForeignKey(Observed, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    signal = models.FloatField()
    limit = models.FloatField()
    found_at = models.DateTimeField()
    problem = models.ForeignKey(Problem, null=True, on_delete=models.PROTECT, related_name="breaches")
    event = models.OneToOneField(AuditEvent, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name_plural = "breaches"
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=("chart", "number"), name="a_breach_counts_once"),)

    def __str__(self) -> str:
        return f"breach/{self.pk}"


class ProblemLink(models.Model):
    """A reference from a problem into the quality system: complaint, then CAPA, then change request."""

    class Kind(models.TextChoices):
        COMPLAINT = "complaint", "complaint"
        CAPA = "CAPA", "CAPA"
        CHANGE = "change request", "change request"

    problem = models.ForeignKey(Problem, on_delete=models.PROTECT, related_name="links")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    reference = models.CharField(max_length=64)
    linked_at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=("problem", "kind", "reference"), name="a_link_stands_once"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"


class PeriodicReport(models.Model):
    """A periodic report as a record that is signed; from the day `since` to the day before `until`."""

    plan = models.ForeignKey(MonitoringPlan, on_delete=models.PROTECT, related_name="reports")
    since = models.DateField()
    until = models.DateField()
    record = models.OneToOneField(Record, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.record.subject
