"""Libraries that others import if they find them, and that we can do without."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hidden(*names: str) -> Iterator[None]:
    """While this is open these can't be imported, and libraries that can do without them do."""
    loaded = {name: sys.modules.get(name) for name in names}
    sys.modules.update(dict.fromkeys(names))  # type: ignore[arg-type]  # none: not to be had
    try:
        yield
    finally:
        for name, module in loaded.items():
            del sys.modules[name]
            if module:
                sys.modules[name] = module
