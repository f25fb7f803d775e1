"""Aligned evaluation of talking heads, and of any generated sequence, in JAX.

The public names stand in `__init__.pyi`; each is imported when it is first used, so that what needs no JAX starts
without it. Everything else may be reached by its folder and may move.
"""

from typing import Any

import lazy_loader

_public, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__all__ += ["__version__"]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("jaxeval")
    return _public(name)
