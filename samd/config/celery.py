"""The Celery application. Messages are hints that carry a job id; the job table holds the truth."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "samd.config.settings")

app = Celery("samd")
app.config_from_object("django.conf:settings", namespace="CELERY")
