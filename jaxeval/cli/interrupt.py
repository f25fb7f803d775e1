"""Ctrl-C that can't get lost: a KeyboardInterrupt raised inside a library's callback is swallowed there."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interruptible() -> Iterator[Callable[[], None]]:
    """Remember Ctrl-C while the block runs.

    Yields:
        A function that raises KeyboardInterrupt again if Ctrl-C was pressed.
    """
    pressed = []

    def remember(number: int, frame: FrameType | None) -> None:
        pressed.append(number)
        signal.default_int_handler(number, frame)

    def stop_if_pressed() -> None:
        if pressed:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield stop_if_pressed
        return
    before = signal.signal(signal.SIGINT, remember)
    try:
        yield stop_if_pressed
    finally:
        signal.signal(signal.SIGINT, before)
