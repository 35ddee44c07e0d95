"""The page of one's own signing key, where the keys of colleagues are confirmed too."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from audit import signing_keys
from audit.manifest import Meaning
from audit.models import SigningKey
from samd.console import signing as console_signing
from samd.console.signature_page import REFUSALS
from samd.console.trail_facts import MEANINGS


@sensitive_post_parameters("password", "code")
@require_http_methods(["GET", "HEAD", "POST"])
def enrol(request: HttpRequest) -> HttpResponse:
    """One's own signing key, and the keys of others that wait for one's word; by POST a key is made."""
    if request.method == "POST":
        console_signing.enrol(request)
        return redirect("signature-enroll")
    person = console_signing.person_of(request)
    refusal = console_signing.key_refusal(person)
    context = {
        "person": person,
        "key": signing_keys.current(person.id),
        "refusal": REFUSALS[refusal] if refusal else None,
        "waiting": [] if refusal else console_signing.to_confirm(person),
        "approved": MEANINGS[Meaning.APPROVED],
        "zone": settings.TIME_ZONE,
    }
    return render(request, "console/signature.html", context)


@sensitive_post_parameters("password", "code")
@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign that a key is that of the person whom it names."""
    key = get_object_or_404(SigningKey, pk=pk, retired_at=None, confirmation__isnull=False)
    if key.confirmation is not None:
        console_signing.sign(request, key.confirmation)
    return redirect("signature-enroll")
