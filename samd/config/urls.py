"""Where each application's addresses begin."""

from django.urls import include, path

urlpatterns = [
    path("", include("samd.console.urls")),
    path("", include("samd.accounts.urls")),
    path("", include("validation.urls")),
]
