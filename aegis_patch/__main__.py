"""The `aegis` command, also as `python -m aegis_patch`."""

import gc
import signal


def main() -> None:
    """Run the command; Ctrl-C while it loads ends it without a traceback."""
    gc.set_threshold(100_000)  # a small command ends before the first collection
    raises = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if raises:  # else a shell started it with SIGINT ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from aegis_patch.terminal import cli

    if raises:
        signal.signal(signal.SIGINT, _interrupt)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _interrupt)
    cli.main()


def _interrupt(number: int, _: object) -> None:
    """End as Ctrl-C does, but only once: a second signal must not disturb the clean-up."""
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
