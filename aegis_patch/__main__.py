"""`python -m aegis_patch` is the `aegis` command."""

from aegis_patch.terminal.cli import main

if __name__ == "__main__":
    main()
