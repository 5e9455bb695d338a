"""The command line: each command parses its flags, calls ``nearfar.api`` and prints the result."""

from nearfar.cli._entry import COMMANDS, app, main

__all__ = ["COMMANDS", "app", "main"]
