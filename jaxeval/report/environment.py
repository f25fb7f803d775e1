"""What the pages' templates share: their settings, and functions that write numbers and names."""

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from jaxeval.results.flags import is_doubtful
from jaxeval.results.formatting import format_cell, format_value

_LONGEST_NAME = 40


def page_environment(*packages: str) -> Environment:
    """An environment for templates that lie in packages.

    Args:
        packages: each has a folder `templates`; the first that has a template is taken.

    Returns:
        An environment that escapes everything, and refuses names that it isn't given.

    Example:
        >>> page_environment("jaxeval.report").from_string("{{ name | short }}").render(name="<b>")
        '&lt;b&gt;'
    """
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package) for package in packages]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["short"] = _short
    environment.globals |= {"format_value": format_value, "cell": format_cell, "is_doubtful": is_doubtful}
    return environment


def _short(name: str) -> str:
    """A clip's name where there is little room: names that differ do so at their ends, mostly."""
    return name if len(name) <= _LONGEST_NAME else f"{name[:20]}…{name[-18:]}"
