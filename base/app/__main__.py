"""`python -m app` is the same command as the installed script."""

try:
    from app.cli import main
except KeyboardInterrupt:  # told to end before it began
    raise SystemExit(130) from None

main()
