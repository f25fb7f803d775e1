"""The encoders of a run, each loaded when it is first used; and those whose weights are missing."""

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from jaxeval.checkpoints import load_encoder, weights_of
from jaxeval.errors import MissingWeightsError
from jaxeval.protocol import Protocol

FINDERS = ("detector", "landmarks")
"""Roles without which no face is found; a score that needs another one is missing as long as its weights are."""


class Lacking(Exception):
    """There is nothing that a metric could be computed of; the text says why, and becomes the reason of its scores."""


class Networks:
    """The encoders of a protocol, and of what a run computes beside it.

    Args:
        protocol: the protocol.
        names: of the encoders that the run needs; those that find faces are always among them. All of the protocol's
            if None.

    Example:
        >>> from jaxeval.protocol import JAXEVAL_V1
        >>> networks = Networks(JAXEVAL_V1)
        >>> networks.get("identity").name, networks.missing("identity"), networks.missing("sync")
        ('dlib_resnet', None, 'jaxeval-v1 names no encoder for sync')
    """

    def __init__(self, protocol: Protocol, names: Iterable[str] | None = None) -> None:
        self._protocol = protocol
        named = [*protocol.encoders.values()]
        needed = named if names is None else [*map(protocol.encoders.__getitem__, FINDERS), *names]
        self._needed, self._all = dict.fromkeys(needed), dict.fromkeys((*named, *needed))
        self._loaded: dict[str, Any] = {}

    def load(self) -> None:
        """Load all that are needed and there, so that a damaged one is told before any clip is scored.

        Raises:
            JaxevalError: one is damaged, or one that finds faces is missing.
        """
        finders = {self._protocol.encoders[role] for role in FINDERS}
        for name in self._needed:
            if name in finders or name not in self.reasons:
                self._load(name)

    def get(self, role: str) -> Any:
        """The encoder of a role.

        Raises:
            JaxevalError: its weights are missing or damaged.
        """
        return self._load(self._protocol.encoders[role])

    def needed(self, name: str) -> Any:
        """An encoder that a metric needs.

        Raises:
            Lacking: its weights are missing.
            JaxevalError: they are damaged.
        """
        if name in self.reasons:
            raise Lacking(self.reasons[name])
        return self._load(name)

    def _load(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded[name] = load_encoder(name, precision=self._protocol.precision)
        return self._loaded[name]

    def missing(self, role: str) -> str | None:
        """Why there is no encoder of a role, with the command that would supply it; None if there is one."""
        if role not in self._protocol.encoders:
            return f"{self._protocol.name} names no encoder for {role}"
        return self.reasons.get(self._protocol.encoders[role])

    @cached_property
    def weights(self) -> dict[str, str]:
        """Encoder's name to the digest of its weights, with "(unverified)" behind it, or "missing"."""
        return {name: "missing" if name in self.reasons else str(weights_of(name)) for name in self._all}

    @cached_property
    def reasons(self) -> dict[str, str]:
        """Every encoder whose weights are missing, with the command that would supply them."""
        reasons = {}
        for name in self._all:
            try:
                weights_of(name)
            except MissingWeightsError as error:
                reasons[name] = str(error)
        return reasons
