"""Wiring without logic: settings, URLs, the Celery application."""

from samd.config.celery import app

__all__ = ["app"]
