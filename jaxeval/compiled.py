"""Compiled programs are kept from one command to the next, so that a machine compiles each of them once."""

import hashlib
import os
import platform
import warnings
from pathlib import Path

_SETTINGS = {
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    # XLA warns of every program that it takes from there, since its own record of the processor differs in two hints.
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


def keep_compiled_programs() -> None:
    """Point JAX at a folder in the user's cache, before JAX is imported.

    What the environment says already stands: `JAX_COMPILATION_CACHE_DIR` names another folder, and
    `JAX_ENABLE_COMPILATION_CACHE=false` turns it off. JAX itself tells programs of other versions and devices apart.
    """
    if "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return
    os.environ["JAX_COMPILATION_CACHE_DIR"] = str(_folder())
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    # A damaged entry, or a folder that can't be written, costs a compilation and nothing else.
    warnings.filterwarnings("ignore", "Error (reading|writing) persistent compilation cache")


def _folder() -> Path:
    """One folder for each kind of processor: a home folder may be shared by several machines."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "jaxeval" / "compiled" / hashlib.sha256(_processor().encode()).hexdigest()[:12]


def _processor() -> str:
    """What the processor is and can do, in whatever words the system has for it."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        told = sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))})
    except OSError:
        told = [platform.processor()]
    return "\n".join([platform.machine(), *told])
