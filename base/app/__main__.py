"""`python -m app` is the same command as the installed script."""

try:
    from app.cli import main
except KeyboardInterrupt:  # told to end before it began, as `dev` does when files are saved twice
    raise SystemExit(130) from None

main()
