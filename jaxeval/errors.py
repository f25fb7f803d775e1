"""The error that every floor raises for bad input."""


class JaxevalError(Exception):
    """Bad input, told in one line: what is wrong where, what was expected and found, and what to do next.

    The command line prints the text and nothing else; a clip that raises it becomes a `failed` row with the text as
    its reason.
    """
