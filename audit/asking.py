"""One HTTP request to a server outside: posted, answered within limits, or not reached."""

import http.client
import ssl
from contextlib import closing
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

_SECONDS: Final = 10.0  # for each step of a request
_LARGEST: Final = 1 << 20  # bytes of an answer


class NotReached(Exception):
    """The server gave no usable answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    kind: str  # the Content-Type
    body: bytes


def post(url: str, body: bytes, *, kind: str) -> Answer:
    """Post `body` of the media type `kind` to an http or https address. Raises NotReached."""
    where = url.partition("?")[0]  # what follows may be nobody's business
    try:
        address = urlsplit(url)
        with closing(_connection(address)) as connection:
            target = (address.path or "/") + (f"?{address.query}" if address.query else "")
            connection.request("POST", target, body, {"Content-Type": kind})
            response = connection.getresponse()
            answer = Answer(response.status, response.headers.get_content_type(), response.read(_LARGEST + 1))
    except (OSError, ValueError, http.client.HTTPException) as problem:
        raise NotReached(f"{where} is not reached: {problem}") from problem
    if len(answer.body) > _LARGEST:
        raise NotReached(f"{where} answered with more than {_LARGEST} bytes")
    return answer


def _connection(address: SplitResult) -> http.client.HTTPConnection:
    """Not open yet. Raises ValueError and HTTPException where `address` is none of a server."""
    if address.scheme not in ("http", "https") or not address.hostname:
        raise ValueError("this is no address of a server: http:// or https:// was expected")
    if address.scheme == "http":
        return http.client.HTTPConnection(address.netloc, timeout=_SECONDS)
    context = ssl.create_default_context()
    return http.client.HTTPSConnection(address.netloc, timeout=_SECONDS, context=context)
