"""Rows and constraints; no rules. Patient data stay in the stored files, never in these tables."""

from django.db import models
from django.db.models import F, Q

from audit.models import AuditEvent
from samd.domain.assessment import Decision
from samd.domain.finding import Answer
from samd.domain.lifecycle import Stage


class Peer(models.Model):
    """A DICOM node that we know: it may send to us, and may get results."""

    name = models.SlugField(unique=True)
    ae_title = models.CharField(max_length=16)
    host = models.CharField(max_length=255)
    port = models.PositiveIntegerField()
    gets_results = models.BooleanField(default=False)
    answers_queries = models.BooleanField(default=False)
    quiet_seconds = models.PositiveIntegerField(default=60)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Association(models.Model):
    """A connection over which a known peer sends; open until `closed_at`."""

    key = models.CharField(max_length=32, unique=True)
    peer = models.ForeignKey(Peer, null=True, on_delete=models.SET_NULL)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    recorded = models.PositiveIntegerField(default=0)  # objects that were written down, new ones or not

    class Meta:
        indexes = (models.Index(fields=["closed_at"]),)

    def __str__(self) -> str:
        return self.key


class PatientSurrogate(models.Model):
    """What a patient is called here. `index` is a keyed digest of the patient's ID: see surrogates.py."""

    index = models.CharField(max_length=64, unique=True)
    surrogate = models.CharField(max_length=32, unique=True)

    def __str__(self) -> str:
        return self.surrogate


class Study(models.Model):
    """A study of which at least one instance was received."""

    study_instance_uid = models.CharField(max_length=64, unique=True)
    patient = models.CharField(max_length=32, blank=True)  # a surrogate
    received_at = models.DateTimeField(db_index=True)
    last_arrival = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name_plural = "studies"

    def __str__(self) -> str:
        return f"study/{self.pk}"


class Run(models.Model):
    """One round of analysis of a study: what arrived since the last, open until it is complete."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="runs")
    number = models.PositiveIntegerField()
    quiet_seconds = models.PositiveIntegerField()
    opened_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True)
    # For every model in force that does not take this study at all: [model name, reason].
    not_applicable = models.JSONField(default=list)

    class Meta:
        ordering = ("study", "number")
        constraints = (
            models.UniqueConstraint(fields=["study", "number"], name="run_number_once"),
            models.UniqueConstraint(
                fields=["study"], condition=Q(completed_at=None), name="one_open_run_for_a_study"
            ),
        )

    def __str__(self) -> str:
        return f"run/{self.pk}"


class Series(models.Model):
    """A series of a received study."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="series")
    series_instance_uid = models.CharField(max_length=64)
    modality = models.CharField(max_length=16, blank=True)

    class Meta:
        verbose_name_plural = "series"
        constraints = (
            models.UniqueConstraint(fields=["study", "series_instance_uid"], name="series_once_in_a_study"),
        )

    def __str__(self) -> str:
        return f"series/{self.pk}"


class Instance(models.Model):
    """A stored SOP instance. `run` is the run that it arrived in; none for our own results sent back."""

    series = models.ForeignKey(Series, on_delete=models.PROTECT, related_name="instances")
    run = models.ForeignKey(Run, null=True, on_delete=models.PROTECT, related_name="instances")
    association = models.ForeignKey(Association, on_delete=models.PROTECT)
    sop_instance_uid = models.CharField(max_length=64, unique=True)
    sop_class_uid = models.CharField(max_length=64)
    transfer_syntax_uid = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=255)
    size = models.PositiveBigIntegerField()
    received_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"instance/{self.pk}"


class Conflict(models.Model):
    """Other bytes under a UID that was already stored: kept beside it, for a person to judge."""

    instance = models.ForeignKey(Instance, on_delete=models.PROTECT, related_name="conflicts")
    association = models.ForeignKey(Association, on_delete=models.PROTECT)
    sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=255)
    received_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["instance", "sha256"], name="conflict_once"),)

    def __str__(self) -> str:
        return f"conflict/{self.pk}"


class Refusal(models.Model):
    """An association or an instance that we did not accept, and why."""

    at = models.DateTimeField(db_index=True)
    calling_ae = models.CharField(max_length=16)
    called_ae = models.CharField(max_length=16)
    address = models.CharField(max_length=64)
    reason = models.TextField()

    class Meta:
        ordering = ("-at",)

    def __str__(self) -> str:
        return f"{self.calling_ae} from {self.address}: {self.reason}"


class ModelVersion(models.Model):
    """An imported bundle. Its files lie under SAMD_HOME/models/<digest> and never change."""

    digest = models.CharField(max_length=64, unique=True)
    name = models.SlugField()
    version = models.CharField(max_length=32)
    title = models.CharField(max_length=128)
    in_force = models.BooleanField(default=True)
    imported_at = models.DateTimeField()
    # The event that put it in force: no study is given to it before a checkpoint covers it.
    released_by = models.ForeignKey(AuditEvent, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("name", "-imported_at")
        constraints = (
            models.UniqueConstraint(fields=["name"], condition=Q(in_force=True), name="one_version_in_force"),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class Analysis(models.Model):
    """One model's analysis of one run, and its answer. `reasons` hold no patient data."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="analyses")
    model = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="analyses")
    stage = models.CharField(max_length=16, choices=[(s, s) for s in Stage], default=Stage.QUEUED)
    answer = models.CharField(max_length=16, choices=[(a, a) for a in Answer], blank=True)
    reasons = models.JSONField(default=list)
    findings = models.JSONField(default=list)
    explanation = models.JSONField(default=dict)
    embedding = models.JSONField(default=list)  # what the network made of the image; empty where nothing
    input_digest = models.CharField(max_length=64)
    supersedes = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="superseded_by")
    queued_at = models.DateTimeField()
    changed_at = models.DateTimeField(db_index=True)
    anchor = models.TextField(blank=True)  # the checkpoint of the trail that the report carries
    # The event of the queueing: the report carries a checkpoint that covers it, and what came before.
    queued_by = models.ForeignKey(AuditEvent, null=True, on_delete=models.PROTECT, related_name="+")
    # The event of the report: nothing is sent before a checkpoint covers it.
    released_by = models.ForeignKey(AuditEvent, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name_plural = "analyses"
        constraints = (models.UniqueConstraint(fields=["run", "model"], name="analysis_once_in_a_run"),)

    def __str__(self) -> str:
        return f"analysis/{self.pk}"


class Assessment(models.Model):
    """What a physician said of an analysis: coded, no text. A later one supersedes; nothing is overwritten.

    The chain of an analysis has one beginning and does not branch, so exactly one assessment is current.
    """

    analysis = models.ForeignKey(Analysis, on_delete=models.PROTECT, related_name="assessments")
    decision = models.CharField(max_length=16, choices=[(d, d) for d in Decision])
    findings = models.JSONField(default=list)  # each with its finding, name, model, physician
    reasons = models.JSONField(default=list)
    user = models.PositiveBigIntegerField()  # the account of the physician
    by = models.CharField(max_length=150)  # its name, as in the trail
    printed_name = models.CharField(max_length=301, blank=True)  # as it was then
    at = models.DateTimeField()
    supersedes = models.OneToOneField(
        "self", null=True, on_delete=models.PROTECT, related_name="superseded_by"
    )
    event = models.OneToOneField(AuditEvent, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=["analysis"], condition=Q(supersedes=None), name="one_first_assessment"
            ),
            models.CheckConstraint(
                condition=Q(decision__in=[str(d) for d in Decision]), name="an_assessment_decides"
            ),
        )

    def __str__(self) -> str:
        return f"assessment/{self.pk}"


class ResultObject(models.Model):
    """A DICOM object that an analysis made, as a file under SAMD_HOME/results."""

    analysis = models.ForeignKey(Analysis, on_delete=models.PROTECT, related_name="results")
    kind = models.CharField(max_length=8)  # SR, SEG, PM, SC
    sop_instance_uid = models.CharField(max_length=64, unique=True)
    series_instance_uid = models.CharField(max_length=64)
    sop_class_uid = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=255)
    size = models.PositiveBigIntegerField()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.kind} {self.sop_instance_uid}"


class Delivery(models.Model):
    """The sending of one analysis's objects to one peer; `remark` holds the peer's own words."""

    analysis = models.ForeignKey(Analysis, on_delete=models.PROTECT, related_name="deliveries")
    peer = models.ForeignKey(Peer, on_delete=models.PROTECT)
    delivered_at = models.DateTimeField(null=True)
    remark = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = (models.UniqueConstraint(fields=["analysis", "peer"], name="delivery_once_to_a_peer"),)

    def __str__(self) -> str:
        return f"delivery/{self.pk}"


class Job(models.Model):
    """The queue of record: one piece of work on the row `subject`, claimed by lease and token."""

    class Kind(models.TextChoices):
        COMPLETE = "complete", "wait until a run is complete, then choose models"
        ANALYSE = "analyse", "run one model"
        DELIVER = "deliver", "send results to a peer"

    class State(models.TextChoices):
        READY = "ready", "ready"
        LEASED = "leased", "leased"
        DONE = "done", "done"
        DEAD = "dead", "dead letter"

    kind = models.CharField(max_length=16, choices=Kind.choices)
    subject = models.PositiveBigIntegerField()  # the id of the run, the analysis or the delivery
    state = models.CharField(max_length=8, choices=State.choices, default=State.READY)
    not_before = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    token = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    hinted_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["kind", "subject"], name="one_job_for_a_subject"),
            models.CheckConstraint(
                condition=~Q(state="leased") | Q(lease_until__isnull=False), name="leased_until_when"
            ),
        )
        indexes = (models.Index(F("state"), F("not_before"), name="job_state_not_before"),)

    def __str__(self) -> str:
        return f"job/{self.pk}"
