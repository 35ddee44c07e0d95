"""The addresses of the console."""

from django.urls import path
from django.views.i18n import set_language

from samd.console import (
    assessing,
    health,
    review_views,
    signature_views,
    trail_actions,
    trail_verify_views,
    trail_views,
    views,
)

urlpatterns = [
    path("", views.worklist, name="worklist"),
    path("rows/", views.worklist_rows, name="worklist-rows"),
    path("search/", views.search, name="search"),
    path("studies/<int:pk>/", views.study, name="study"),
    path("analyses/<int:pk>/<str:layer>.png", views.preview, name="preview"),
    path("analyses/<int:pk>/assess/", assessing.assess, name="assess"),
    path("models/<str:digest>/", views.model, name="model"),
    path("operations/", views.operations, name="operations"),
    path("operations/jobs/<int:pk>/reopen/", views.reopen, name="reopen"),
    path("trail/", trail_views.trail, name="trail"),
    path("trail/events/<int:pk>/", trail_views.event, name="trail-event"),
    path("trail/events/<int:pk>/proof/", trail_actions.proof, name="trail-proof"),
    path("trail/studies/<int:pk>/", trail_views.study, name="trail-study"),
    path("trail/verify/", trail_verify_views.verify, name="trail-verify"),
    path("trail/export/", trail_actions.export, name="trail-export"),
    path("reviews/", review_views.reviews, name="reviews"),
    path("reviews/<str:month>/", review_views.review, name="review"),
    path("reviews/<str:month>/sign/", review_views.sign, name="review-sign"),
    path("reviews/<str:month>/paper/", review_views.paper, name="review-paper"),
    path("signature/", signature_views.enrol, name="signature-enroll"),
    path("signature/confirm/<int:pk>/", signature_views.confirm, name="signature-confirm"),
    path("i18n/", set_language, name="set_language"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
