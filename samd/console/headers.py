"""Response headers of every page: where content may come from, and that nothing is kept."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse


def content_security_policy(issuer: str = "") -> str:
    """Everything from here, nothing inline; forms lead here, or to the identity provider `issuer`."""
    provider = urlsplit(issuer)
    form_targets = ["'self'", *([f"{provider.scheme}://{provider.netloc}"] if issuer else [])]
    return "; ".join(
        (
            "default-src 'self'",
            "img-src 'self' blob: data:",
            "object-src 'none'",
            "base-uri 'none'",
            f"form-action {' '.join(form_targets)}",
            "frame-ancestors 'none'",
        )
    )


def response_headers(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """Middleware that adds the headers which a view has not set itself."""
    policy = content_security_policy(settings.SAMD_OIDC_ISSUER)

    def respond(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", policy)
        # Pages and previews show patients: no cache, on the way or on the workstation, may keep them.
        response.headers.setdefault("Cache-Control", "private, no-store")
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response

    return respond
