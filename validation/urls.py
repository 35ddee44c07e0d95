"""The addresses of the validation pages in the console."""

from django.urls import path

from validation import views

urlpatterns = [
    path("validations/", views.validations, name="validations"),
    path("validations/<int:pk>/", views.run, name="validation"),
    path("validations/<int:pk>/sign/", views.sign_run, name="validation-sign"),
    path("validations/<int:pk>/report.json", views.report, name="validation-report"),
    path("validations/<int:pk>/progress/", views.progress, name="validation-progress"),
    path("validations/<int:pk>/files/<str:name>", views.file, name="validation-file"),
    path("validations/protocols/<str:digest>/", views.protocol, name="validation-protocol"),
    path("validations/protocols/<str:digest>/sign/", views.sign_protocol, name="validation-protocol-sign"),
    path("validations/protocols/<str:digest>/order/", views.order, name="validation-order"),
]
