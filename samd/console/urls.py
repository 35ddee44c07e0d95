"""The addresses of the console."""

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path
from django.views.i18n import set_language

from samd.console import health, views

urlpatterns = [
    path("", views.worklist, name="worklist"),
    path("rows/", views.worklist_rows, name="worklist-rows"),
    path("search/", views.search, name="search"),
    path("studies/<int:pk>/", views.study, name="study"),
    path("analyses/<int:pk>/<str:layer>.png", views.preview, name="preview"),
    path("models/<str:digest>/", views.model, name="model"),
    path("operations/", views.operations, name="operations"),
    path("operations/jobs/<int:pk>/reopen/", views.reopen, name="reopen"),
    path(
        "login/",
        LoginView.as_view(template_name="console/login.html", redirect_authenticated_user=True),
        name="login",
    ),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("i18n/", login_not_required(set_language), name="set_language"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
