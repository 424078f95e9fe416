"""One pipe for every log line: ours, uvicorn's and everyone else's, all through structlog."""

import json
import logging
import os
import re
import sys
from collections import deque
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

from app.core.settings import Settings

ACCESS = "uvicorn.access"
logging.getLogger(ACCESS)  # before structlog has loggers look for who called them
_STAMP = structlog.processors.TimeStamper(fmt="iso")
RECENT: deque[dict[str, Any]] = deque(maxlen=500)
"""The last lines of this process, for the dashboard."""


def configure(settings: Settings) -> None:
    """Send all logging to standard error, for people ("console") or machines ("json")."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        _STAMP,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _Formatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _remember,
                _renderer(settings),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level)
    for name in ("uvicorn", "uvicorn.error", ACCESS):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        logger.addFilter(_is_worth_a_line)
    for chatty in ("flet", "flet_web", "flet_object_patch", "httpx", "httpx2", "watchfiles"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """structlog's, with a shortcut for requests, which have more lines than all the rest."""

    def format(self, record: logging.LogRecord) -> str:
        if record.name != ACCESS:
            return super().format(record)
        level = record.levelname.lower()
        event: Any = structlog.contextvars.get_contextvars()
        event |= {"event": record.getMessage(), "logger": ACCESS, "level": level}
        event = _STAMP(None, level, event)
        for process in self.processors[1:]:  # the first takes away what is not put in here
            event = process(None, level, event)
        return str(event)


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    """Probes and dashboard files are requested all day: logged only when they fail."""
    args: Any = record.args if isinstance(record.args, tuple) else ()
    if len(args) != 5 or not isinstance(args[2], str) or not isinstance(args[4], int):
        return not re.search('/dashboard/ws" .accept|^connection (open|close)', record.getMessage())
    client, method, path, version, status = args
    if "token=" in path:  # of a link in a mail: whoever reads the log could follow it
        hidden = re.sub("(token=)[^&]*", r"\1...", path)
        record.args = (client, method, hidden, version, status)
    return bool(status >= 400 or not path.startswith(("/health/live", "/dashboard")))


def _remember(logger: object, name: str, event: EventDict) -> EventDict:
    event.pop("color_message", None)  # uvicorn's message once more, with colours of a terminal
    RECENT.append(dict(event))
    return event


def _renderer(settings: Settings) -> Processor:
    if settings.log_format == "json":
        encode = json.JSONEncoder(default=repr).encode  # made once, not for each line
        return structlog.processors.JSONRenderer(lambda event, **_: encode(event))
    # Plain: the other kind shows the values of variables, secrets among them.
    plain = structlog.dev.plain_traceback
    colors = sys.stderr.isatty() or "FORCE_COLOR" in os.environ
    return structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain)
