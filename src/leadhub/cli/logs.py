"""The log: to stderr, by level, with personal data masked and secrets left out. Configured once, when the program starts."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Literal

import structlog

LogFormat = Literal["text", "json"]

_EMAIL = re.compile(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)")
_PHONE = re.compile(r"\+\d[\d ()./-]{5,}\d|(?<![\w-])\(?\d{2,5}\)?[ ./-]\d{3,4}[ ./-]\d{3,6}(?![\w-])")
_SECRET = re.compile(r"token|secret|password|authorization|api_?key|credential", re.IGNORECASE)


def configure(*, quiet: bool, verbose: int, log_format: LogFormat) -> None:
    """Send leadhub's log and that of the libraries to stderr: warnings and worse; `quiet` errors alone, `verbose` more."""
    level = logging.ERROR if quiet else {0: logging.WARNING, 1: logging.INFO}.get(verbose, logging.DEBUG)
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if log_format == "json" else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
    )
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        mask,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    _take_over_libraries(level, shared, renderer)


def _take_over_libraries(level: int, shared: list[structlog.typing.Processor], renderer: structlog.typing.Processor) -> None:
    root = logging.getLogger()
    for old in [h for h in root.handlers if isinstance(h, _Handler)]:
        root.removeHandler(old)
    handler = _Handler(sys.stderr)
    handler.setLevel(level)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]
        )
    )
    root.addHandler(handler)


class _Handler(logging.StreamHandler[Any]):
    """Ours, so that it can be told from others' when the program is started twice in one process."""


def mask(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask e-mail addresses and phone numbers wherever they stand, and drop what stands under a secret's name."""
    for name, value in event.items():
        event[name] = _masked(name, value)
    return event


def masked(value: object) -> object:
    """Return texts, and what holds texts, without e-mail addresses and phone numbers, and without what stands under a secret's name."""
    return _masked("", value)


def _masked(name: str, value: object) -> object:
    if _SECRET.search(name):
        return "***"
    match value:
        case str():
            return _PHONE.sub("***", _EMAIL.sub(r"***@\1", value))
        case Mapping():
            return {key: _masked(str(key), item) for key, item in value.items()}
        case list() | tuple():
            return [_masked(name, item) for item in value]
        case BaseException():
            return _masked(name, str(value))
        case _:
            return value
