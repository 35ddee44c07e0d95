"""From which workstation a request comes, also where proxies stand in between."""

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


def forwarded_address(remote: str, forwarded: str, *, proxies: int) -> str:
    """The address that the outermost of our own `proxies` saw.

    Each proxy appends whom it heard to X-Forwarded-For (`forwarded`); what stands further to the left was
    written by whoever asks and is worth nothing. Without proxies it is `remote`, the peer of the connection.
    """
    heard = [entry.strip() for entry in forwarded.split(",") if entry.strip()]
    if not 0 < proxies <= len(heard):
        return remote
    try:
        return str(ip_address(heard[-proxies]))
    except ValueError:
        return remote


def client_address(request: HttpRequest) -> str:
    """The address of the workstation, as far as our own proxies vouch for it."""
    remote = str(request.META.get("REMOTE_ADDR", ""))
    forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", ""))
    return forwarded_address(remote, forwarded, proxies=settings.SAMD_PROXIES)
