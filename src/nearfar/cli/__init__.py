"""The command line: a command parses, calls one function of ``nearfar.api``, prints its record."""

from nearfar.cli._entry import COMMANDS, app, main

__all__ = ["COMMANDS", "app", "main"]
