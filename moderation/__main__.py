"""Runs the command line: `moderation`, or python -m moderation."""

import gc

# Nothing of what is imported is ever garbage: looking for some takes a fifth of the time to start.
gc.disable()

from moderation.cli.main import app  # noqa: E402


def main() -> None:
    gc.freeze()
    gc.enable()
    app(prog_name="moderation")


if __name__ == "__main__":
    main()
