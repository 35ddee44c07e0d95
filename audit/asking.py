"""One HTTP request to a server outside: posted, answered within limits, or not reached."""

import http.client
import ssl
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

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
    address = urlsplit(url)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise NotReached(f"{url} is no address of a server: http:// or https:// was expected")
    connection: http.client.HTTPConnection
    if address.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(address.netloc, timeout=_SECONDS, context=context)
    else:
        connection = http.client.HTTPConnection(address.netloc, timeout=_SECONDS)
    try:
        connection.request("POST", address.path or "/", body, {"Content-Type": kind})
        response = connection.getresponse()
        answer = Answer(response.status, response.headers.get_content_type(), response.read(_LARGEST + 1))
    except (OSError, http.client.HTTPException) as problem:
        raise NotReached(f"{address.netloc} is not reached: {problem}") from problem
    finally:
        connection.close()
    if len(answer.body) > _LARGEST:
        raise NotReached(f"{address.netloc} answered with more than {_LARGEST} bytes")
    return answer
