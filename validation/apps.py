"""The judge as a Django application: only its edge keeps rows."""

from django.apps import AppConfig


class ValidationConfig(AppConfig):
    name = "validation"
    default_auto_field = "django.db.models.BigAutoField"
