"""`python -m app` is the same command as the installed script."""

import sys

from app.core.alive import check

if sys.argv[2:] == ["status", "--alive"]:  # asked all day long: nothing is imported for it
    check(sys.argv[1])

from app.cli import main

main()
