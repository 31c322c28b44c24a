"""Runs the command line: python -m moderation."""

from moderation.cli.main import app

if __name__ == "__main__":
    app(prog_name="moderation")
