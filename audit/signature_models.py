"""The rows of electronic signatures. Records and signatures are append-only (audit.protection).

People are known here by the number of their account, their user name and their printed name.
"""

import base64

from django.db import models
from django.db.models import Q

from audit.locking import fingerprint


class SigningKey(models.Model):
    """A person's Ed25519 key. The private part is locked under the person's password (audit.locking).

    Whose key it is stands in the trail, in `event`; this row is believed only as far as it agrees.
    """

    user_id = models.PositiveBigIntegerField(db_index=True)
    username = models.CharField(max_length=150, db_index=True)
    name = models.CharField(max_length=255)
    public_key = models.CharField(max_length=64, unique=True)
    wrapped = models.CharField(max_length=128)
    salt = models.CharField(max_length=64)
    cost = models.CharField(max_length=64)
    enrolled_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)
    event = models.ForeignKey("audit.AuditEvent", on_delete=models.PROTECT, related_name="+")
    # What another signer signs who has met the person; none for the first key of all.
    confirmation = models.ForeignKey("audit.Record", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=["user_id"], condition=Q(retired_at=None), name="one_signing_key_each"
            ),
        )

    def __str__(self) -> str:
        return f"signing key of {self.username}"

    @property
    def fingerprint(self) -> str:
        """As people compare it."""
        return fingerprint(base64.b64decode(self.public_key))


class Record(models.Model):
    """What is signed: the canonical text of exactly what was shown, and its SHA-256."""

    subject = models.CharField(max_length=128, unique=True)
    content = models.TextField()
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.subject


class Signature(models.Model):
    """A signature on a record: the manifest that was signed, and the columns of it that people read."""

    record = models.ForeignKey(Record, on_delete=models.PROTECT, related_name="signatures")
    meaning = models.CharField(max_length=16)
    user_id = models.PositiveBigIntegerField()
    username = models.CharField(max_length=150)
    name = models.CharField(max_length=255)
    at = models.DateTimeField()
    manifest = models.TextField()
    signature = models.CharField(max_length=96)
    key = models.CharField(max_length=64)
    event = models.OneToOneField("audit.AuditEvent", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=["record", "meaning"], name="one_signature_for_a_meaning"),
            models.UniqueConstraint(fields=["record", "user_id"], name="one_signature_of_a_person"),
        )

    def __str__(self) -> str:
        return f"{self.record_id}: {self.meaning} by {self.username}"
