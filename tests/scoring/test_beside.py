"""Work beside other work: results and errors arrive, on the caller's device."""

import threading

import jax
import pytest

from jaxeval.scoring.beside import beside


def test_it_goes_on_while_the_caller_does():
    met = threading.Barrier(2, timeout=20)
    waiting = beside(met.wait)
    met.wait()
    assert waiting() in (0, 1)


def test_an_error_reaches_the_caller():
    with pytest.raises(ValueError, match="from the thread"):
        beside(lambda: _fail("from the thread"))()


def _fail(text):
    raise ValueError(text)


def test_the_callers_device_is_kept():
    device = jax.devices()[0]
    with jax.default_device(device):
        assert beside(lambda: jax.config.jax_default_device)() is device
    assert beside(lambda: jax.config.jax_default_device)() is None
