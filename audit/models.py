"""The rows of the trail."""

from django.db import models


class AuditEvent(models.Model):
    """One event, as the canonical bytes that will be sealed and the columns that people search."""

    at = models.DateTimeField(db_index=True)
    event = models.CharField(max_length=64, db_index=True)
    subject = models.CharField(max_length=128, db_index=True)
    actor = models.CharField(max_length=150, blank=True)
    canonical = models.TextField()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.event} {self.subject}"
