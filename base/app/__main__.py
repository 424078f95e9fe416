"""`python -m app` is the same command as the installed script."""

from app.cli import main

main()
