"""The accounts as a Django application."""

from importlib import import_module

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "samd.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Not at the top of the module: models do not exist before every app is loaded.
        import_module("samd.accounts.witness")
