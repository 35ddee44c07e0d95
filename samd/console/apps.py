"""The console as a Django application."""

from importlib import import_module

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "samd.console"
    label = "console"

    def ready(self) -> None:
        # Not at the top of the module: the trail's models do not exist before every app is loaded.
        import_module("samd.console.signals")
