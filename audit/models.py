"""The rows of the trail. The database refuses to change or delete those of the log (audit.protection)."""

from django.db import models

from audit.signature_models import Record as Record
from audit.signature_models import Signature as Signature
from audit.signature_models import SigningKey as SigningKey


class AuditEvent(models.Model):
    """One event: the canonical text that is sealed, and the columns of it that people read.

    No index stands in the way of whoever appends: events are searched by their headings (audit.catalogue).
    """

    at = models.DateTimeField()
    event = models.CharField(max_length=64)
    subject = models.CharField(max_length=128)
    actor = models.CharField(max_length=150)
    address = models.CharField(max_length=64, blank=True)
    study = models.CharField(max_length=32, blank=True)
    patient = models.CharField(max_length=64, blank=True)
    model = models.CharField(max_length=64, blank=True)
    outcome = models.PositiveSmallIntegerField(default=0)
    canonical = models.TextField()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.event} {self.subject}"


class Entry(models.Model):
    """The place of an event in the log: numbers without gaps from 0, its Merkle leaf and its link, in hex."""

    seq = models.PositiveBigIntegerField(primary_key=True)
    event = models.OneToOneField(AuditEvent, on_delete=models.PROTECT, related_name="entry")
    leaf = models.CharField(max_length=64)
    chain = models.CharField(max_length=64)

    class Meta:
        verbose_name_plural = "entries"
        ordering = ("seq",)

    def __str__(self) -> str:
        return f"entry/{self.seq}"


class Heading(models.Model):
    """Under what an event is found: its columns again, indexed, with the primary key of the event.

    The sealing process writes it together with the number of the event, many at a time.
    """

    at = models.DateTimeField(db_index=True)
    event = models.CharField(max_length=64)
    subject = models.CharField(max_length=128)
    actor = models.CharField(max_length=150)
    address = models.CharField(max_length=64, blank=True)
    study = models.CharField(max_length=32, blank=True)
    patient = models.CharField(max_length=64, blank=True)
    model = models.CharField(max_length=64, blank=True)
    outcome = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("id",)
        # Each in the order in which a list is read: the newest of one person, of one study.
        indexes = (
            models.Index(fields=["event", "id"], name="heading_event"),
            models.Index(fields=["subject", "event", "id"], name="heading_subject_event"),
            models.Index(fields=["actor", "id"], name="heading_actor"),
            models.Index(fields=["study", "id"], name="heading_study"),
            models.Index(fields=["patient", "id"], name="heading_patient"),
            models.Index(fields=["model", "id"], name="heading_model"),
            models.Index(fields=["outcome", "id"], name="heading_outcome"),
        )

    def __str__(self) -> str:
        return f"heading of event {self.pk}"


class Seal(models.Model):
    """A signed checkpoint over the first `size` entries."""

    size = models.PositiveBigIntegerField(primary_key=True)
    root = models.CharField(max_length=64)
    note = models.TextField()
    at = models.DateTimeField()

    class Meta:
        ordering = ("size",)

    def __str__(self) -> str:
        return f"seal/{self.size}"


class Lease(models.Model):
    """The right of one process to do what only one may do at a time."""

    name = models.CharField(max_length=32, primary_key=True)
    holder = models.CharField(max_length=64)
    token = models.PositiveBigIntegerField(default=0)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} held by {self.holder}"


class Forwarding(models.Model):
    """How far a repository elsewhere has taken the log: every entry before `seq`."""

    name = models.CharField(max_length=64, primary_key=True)
    seq = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name}: {self.seq}"
