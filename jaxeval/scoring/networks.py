"""The encoders that a protocol names, each loaded when it is first used; and those whose weights are missing."""

from functools import cached_property
from typing import Any

from jaxeval.checkpoints import load_encoder, weights_of
from jaxeval.errors import MissingWeightsError
from jaxeval.protocol import Protocol

NEEDED = ("detector", "landmarks")
"""Roles without which no face is found; a score that needs another one is missing as long as its weights are."""


class Networks:
    """The encoders of a protocol by role.

    Args:
        protocol: the protocol.

    Example:
        >>> from jaxeval.protocol import JAXEVAL_V1
        >>> networks = Networks(JAXEVAL_V1)
        >>> networks.get("identity").name, networks.missing("identity"), networks.missing("sync")
        ('dlib_resnet', None, 'jaxeval-v1 names no encoder for sync')
    """

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol
        self._loaded: dict[str, Any] = {}

    def load(self) -> None:
        """Load all that are there now, so that a damaged one is told before any clip is scored.

        Raises:
            JaxevalError: one is damaged, or one that finds faces is missing.
        """
        for role in self._protocol.encoders:
            if role in NEEDED or not self.missing(role):
                self.get(role)

    def get(self, role: str) -> Any:
        """The encoder of a role.

        Raises:
            JaxevalError: its weights are missing or damaged.
        """
        name = self._protocol.encoders[role]
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
        names = dict.fromkeys(self._protocol.encoders.values())
        return {name: "missing" if name in self.reasons else str(weights_of(name)) for name in names}

    @cached_property
    def reasons(self) -> dict[str, str]:
        """Every encoder whose weights are missing, with the command that would supply them."""
        reasons = {}
        for name in dict.fromkeys(self._protocol.encoders.values()):
            try:
                weights_of(name)
            except MissingWeightsError as error:
                reasons[name] = str(error)
        return reasons
