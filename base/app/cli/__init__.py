"""The command line: `main` is what the installed script and `python -m app` run."""

import sys

from app.cli.root import cli as cli
from app.core.component import ComponentError
from app.core.settings import BadSettingsError


def main() -> None:
    """Run the command line; errors that the user can fix are one line, without a traceback."""
    try:
        cli()
    except (BadSettingsError, ComponentError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
