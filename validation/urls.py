"""The addresses of the validation pages in the console."""

from django.urls import path

from validation import views
from validation.changes import views as changes
from validation.monitoring import views as monitoring

urlpatterns = [
    path("validations/", views.validations, name="validations"),
    path("validations/<int:pk>/", views.run, name="validation"),
    path("validations/<int:pk>/sign/", views.sign_run, name="validation-sign"),
    path("validations/<int:pk>/report.json", views.report, name="validation-report"),
    path("validations/<int:pk>/progress/", views.progress, name="validation-progress"),
    path("validations/<int:pk>/files/<str:name>", views.file, name="validation-file"),
    path("changes/", changes.changes, name="changes"),
    path("changes/plans/<str:key>/", changes.plan, name="change-plan"),
    path("changes/plans/<str:key>/sign/", changes.sign_plan, name="change-plan-sign"),
    path("changes/plans/<str:key>/decide/", changes.decide, name="plan-decide"),
    path("changes/decisions/<str:key>/", changes.decision, name="plan-decision"),
    path("changes/decisions/<str:key>/sign/", changes.sign_decision, name="plan-decision-sign"),
    path("monitoring/", monitoring.monitoring, name="monitoring"),
    path("monitoring/problems/", monitoring.open_problem, name="problem-open"),
    path("monitoring/problems/<int:pk>/", monitoring.problem, name="problem"),
    path("monitoring/plans/<str:digest>/", monitoring.plan, name="monitoring-plan"),
    path("monitoring/plans/<str:digest>/sign/", monitoring.sign_plan, name="monitoring-plan-sign"),
    path("monitoring/plans/<str:digest>/report/", monitoring.draw_up, name="monitoring-report-draw"),
    path("monitoring/reports/<int:pk>/", monitoring.report, name="monitoring-report"),
    path("monitoring/reports/<int:pk>/sign/", monitoring.sign_report, name="monitoring-report-sign"),
    path("monitoring/reports/<int:pk>/<str:name>", monitoring.report_file, name="monitoring-report-file"),
    path("validations/protocols/<str:digest>/", views.protocol, name="validation-protocol"),
    path("validations/protocols/<str:digest>/sign/", views.sign_protocol, name="validation-protocol-sign"),
    path("validations/protocols/<str:digest>/order/", views.order, name="validation-order"),
]
