"""What is written down of a fault: where it happened and of which kind, never the values that were at hand.

Values are patients: the local variables of a frame, the message of an exception of somebody else's library,
the form that was sent, the settings.
"""

import logging
import traceback
from types import TracebackType

from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter


def described(error: BaseException) -> str:
    """The kinds of `error` and of what led to it, and the code they came by; no message, no value."""
    seen: list[str] = []
    current: BaseException | None = error
    while current is not None and len(seen) < 10:
        kind = f"{type(current).__module__}.{type(current).__qualname__}"
        seen.append("".join(traceback.format_tb(current.__traceback__)) + kind)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\n\nled to\n\n".join(reversed(seen))


class QuietFormatter(logging.Formatter):
    """A formatter of logs that describes exceptions without their values."""

    def formatException(  # noqa: N802 - the name is logging's
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        return described(ei[1]) if ei[1] is not None else ""


class QuietReporter(ExceptionReporter):
    """Django's report of a fault, wherever it is asked for one, without values and without settings."""

    def get_traceback_html(self) -> SafeString:
        return SafeString("The fault was logged.")

    def get_traceback_text(self) -> SafeString:
        return SafeString(described(self.exc_value) if self.exc_value is not None else "")
