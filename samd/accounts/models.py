"""The rows about people: what they may do and why, what they learned, agreed to, and when they were shut out.

A person is a row of Django's User and is never deleted: a name that somebody has worked under is never given
to another (21 CFR 11.100). Every row here names the event of the trail that it was committed with.
"""

from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q

from audit.models import AuditEvent


class Grant(models.Model):
    """A role that was given to a person: by whom, why, until when; and how it ended."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="grants")
    role = models.CharField(max_length=32)
    granted_by = models.CharField(max_length=150)
    reason = models.TextField()
    granted_at = models.DateTimeField()
    until = models.DateTimeField(null=True)
    # What counts is this event, as soon as a signed checkpoint covers it (samd.accounts.entitlement).
    event = models.OneToOneField(AuditEvent, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.CharField(max_length=150, blank=True)
    withdrawn_because = models.TextField(blank=True)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(
                condition=~Q(role="auditor") | Q(until__isnull=False), name="an_auditor_leaves_again"
            ),
        )

    def __str__(self) -> str:
        return f"grant/{self.pk}"


class Training(models.Model):
    """That a person was trained for a role, and how long that counts (21 CFR 11.10(i))."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="trainings")
    role = models.CharField(max_length=32)
    completed_on = models.DateField()
    valid_until = models.DateField()
    evidence = models.TextField()
    recorded_by = models.CharField(max_length=150)
    event = models.ForeignKey(AuditEvent, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"training/{self.pk}"


class Acceptance(models.Model):
    """That a person answers for what is done under their name: the version that they accepted (11.10(j))."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="acceptances")
    version = models.CharField(max_length=32)
    at = models.DateTimeField()
    event = models.OneToOneField(AuditEvent, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user", "version"), name="accepted_once"),)

    def __str__(self) -> str:
        return f"acceptance/{self.pk}"


class PasswordChange(models.Model):
    """A password that a person has or had, as its hash: the newest ages, older ones do not come back."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="passwords")
    password = models.CharField(max_length=128)
    at = models.DateTimeField()
    # Set by an administrator, so that two people know it: it lets its owner choose another and nothing else.
    is_for_one_login = models.BooleanField()

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"password/{self.pk}"


class Lock(models.Model):
    """An account that was shut, by a person or after too many failures; open where `lifted_at` is empty."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="locks")
    at = models.DateTimeField()
    by = models.CharField(max_length=150)
    reason = models.TextField()
    event = models.OneToOneField(AuditEvent, on_delete=models.PROTECT, related_name="+")
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.CharField(max_length=150, blank=True)
    lifted_because = models.TextField(blank=True)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("user",), condition=Q(lifted_at__isnull=True), name="locked_once_at_a_time"
            ),
        )

    def __str__(self) -> str:
        return f"lock/{self.pk}"
