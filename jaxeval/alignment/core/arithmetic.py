"""The two arithmetics in which the Soft-DTW recursion runs; either answers for any scale of the costs without loss.

The wavefront asks four things of an arithmetic: prepare the costs, extend the three predecessors' states by one cell,
say which share of the soft minimum each predecessor has, and read R off a state. What R is made of is its own affair.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax.lax import bitcast_convert_type

from jaxeval.numerics import two_sum

State: TypeAlias = jax.Array  # [K, ..., B, W]: the numbers that an arithmetic keeps of each cell
Prepared: TypeAlias = tuple[jax.Array, ...]
TransitionWeights: TypeAlias = tuple[jax.Array, jax.Array, jax.Array]

UNREACHABLE = 1e30  # finite, so that no inf − inf arises; a path through such a cell has weight exactly 0
FAR = 1e4  # in units of γ: exp(−FAR) is 0 in every precision


class Arithmetic(Protocol):
    """What the wavefront needs of an arithmetic; all but the constants act cell by cell, on states `[K, ..., B, W]`.

    Attributes:
        gamma: `[B]` smoothing, or `[1]` for all pairs.
    """

    @property
    def gamma(self) -> jax.Array:
        """Smoothing."""

    @property
    def start(self) -> np.ndarray:
        """The state in which every path starts, R = 0; its dtype is that of all states."""

    @property
    def void(self) -> np.ndarray:
        """The state of a cell that no path reaches."""

    def prepare(self, cost: jax.Array) -> Prepared:
        """What the recursion needs of costs `[..., B, W]`, of that shape; UNREACHABLE and more forbids a cell."""

    def extend(self, diagonal: State, vertical: State, horizontal: State, prepared: Prepared) -> State:
        """R = D + min_γ of the three predecessors."""

    def transition_weights(
        self, diagonal: State, vertical: State, horizontal: State, state: State, prepared: Prepared
    ) -> TransitionWeights:
        """Which share of a state's soft minimum each of its predecessors has: they sum to 1, if a path leads there."""

    def value(self, state: State) -> jax.Array:
        """R of states `[K, B, W]`, +inf where no path leads."""


class _Format(NamedTuple):
    """How a floating point type stores numbers, and the limits that follow for its exponents kept apart."""

    integer: type
    fraction: int  # bits of the stored fraction
    bias: int  # of the stored exponent
    void: int  # 2^-void is the weight of a cell that no path reaches
    third: int  # bits of a third of the fraction, rounded up
    terms: int  # of the power series of 2^x, |x| <= 1/2


_FORMATS = {
    np.dtype("float32"): _Format(jnp.int32, 23, 127, 2**29, 8, 9),
    np.dtype("float64"): _Format(jnp.int64, 52, 1023, 2**60, 18, 16),
}


@dataclass(frozen=True)
class Scaled:
    """exp(−R/γ) as m·2^e with 1 ≤ m < 2 and e an integer of its own: sums and products, neither exp nor log per cell.

    A float's own exponent would leave its range after few cells; with e kept apart, no size of R/γ costs m a digit. The
    cost is split once, D = n·γ log 2 + r, so that exp(−D/γ) = k·2^−n.

    Attributes:
        gamma: `[B]` smoothing, above 0, or `[1]` for all pairs.

    References:
        Fukushima, Numerical computation of spherical harmonics of arbitrary degree and order by extending exponent of
        floating point numbers, 2012; Dekker, A floating-point technique for extending the available precision, 1971.
    """

    gamma: jax.Array

    @property
    def _format(self) -> _Format:
        return _FORMATS[np.dtype(self.gamma.dtype)]

    @property
    def _unit(self) -> jax.Array:
        """γ log 2: what R grows by when exp(−R/γ) halves. Rounded, it stands for a γ that is as near."""
        return self.gamma * np.log(2).astype(self.gamma.dtype)

    @property
    def start(self) -> np.ndarray:
        return np.array([self._format.bias << self._format.fraction, 0], self._format.integer)

    @property
    def void(self) -> np.ndarray:
        return np.array([self._format.bias << self._format.fraction, -self._format.void], self._format.integer)

    def fits(self, longest: int, largest: jax.Array) -> jax.Array:
        """Whether costs up to `largest` `[B]` split exactly, and paths of `longest` cells fit the exponents."""
        counts = largest / self._unit
        exact = 2.0 ** (self._format.fraction + 1 - self._format.third)
        return (self.gamma > 0) & (counts < exact) & (counts * longest < self._format.void / 4)

    def prepare(self, cost: jax.Array) -> Prepared:
        forbidden = cost >= UNREACHABLE
        cost = jnp.where(forbidden, 0, cost)
        per_unit = _spread(1 / self._unit, cost)
        count = jnp.round(cost * per_unit)
        # Each product is exact, as a third of the unit's digits and the count's have room in one number.
        for part in _thirds(self._unit, self._format):
            cost = cost - count * _spread(part, cost)
        count = jnp.where(forbidden, self._format.void, count.astype(self._format.integer))
        return _power_of_2_near_1(-cost * per_unit), count

    def extend(self, diagonal: State, vertical: State, horizontal: State, prepared: Prepared) -> State:
        factor, count = prepared
        largest = jnp.maximum(jnp.maximum(diagonal[1], vertical[1]), horizontal[1])
        terms = [self._mantissa(s) * self._power_of_2(s[1] - largest) for s in (diagonal, vertical, horizontal)]
        bits = bitcast_convert_type((terms[0] + terms[1] + terms[2]) * factor, self._format.integer)
        mantissa = bits & ((1 << self._format.fraction) - 1) | (self._format.bias << self._format.fraction)
        exponent = largest - count + ((bits >> self._format.fraction) - self._format.bias)
        return _stacked(mantissa, jnp.maximum(exponent, -self._format.void))

    def transition_weights(
        self, diagonal: State, vertical: State, horizontal: State, state: State, prepared: Prepared
    ) -> TransitionWeights:
        factor, count = prepared  # [..., B, W] each
        needed, mantissa = count + state[1], self._mantissa(state)

        def share(of: State) -> jax.Array:
            return factor * self._mantissa(of) * self._power_of_2(of[1] - needed) / mantissa

        return share(diagonal), share(vertical), share(horizontal)

    def entered(self, state: State, flow: jax.Array) -> State:
        """What a single successor would send to cells of these states for their E to be `flow`."""
        return jnp.stack([bitcast_convert_type(flow / self._mantissa(state), self._format.integer), state[1]])

    def sent(self, diagonal: State, vertical: State, horizontal: State, state: State, prepared: Prepared) -> State:
        """What a cell sends to its predecessors, E / exp(−(R − D)/γ), from what its three successors send to it.

        A predecessor's own E is exp(−R/γ) times the sum of what it is sent; nothing is divided by on the way.
        """
        factor, count = prepared
        terms = [
            bitcast_convert_type(s[0], self.gamma.dtype) * self._power_of_2(state[1] - s[1])
            for s in (diagonal, vertical, horizontal)
        ]
        bits = bitcast_convert_type((terms[0] + terms[1] + terms[2]) * factor, self._format.integer)
        return _stacked(bits, state[1] + count)

    def expected(self, sent: jax.Array, state: State, prepared: Prepared) -> jax.Array:
        """E of cells that sent this, the first number of `sent`."""
        return bitcast_convert_type(sent, self.gamma.dtype) * self._mantissa(state) / prepared[0]

    def value(self, state: State) -> jax.Array:
        mantissa, exponent = self._mantissa(state), state[1]
        value = -_spread(self._unit, mantissa) * (exponent.astype(mantissa.dtype) + jnp.log2(mantissa))
        return jnp.where(exponent < -self._format.void // 2, jnp.inf, value)

    def _mantissa(self, state: State) -> jax.Array:
        return bitcast_convert_type(state[0], self.gamma.dtype)

    def _power_of_2(self, exponent: jax.Array) -> jax.Array:
        """2^exponent, 0 from where it is no normal number; beyond the range, where no path leads, anything finite."""
        stored = jnp.clip(exponent + self._format.bias, 0, 2 * self._format.bias)
        return bitcast_convert_type(stored << self._format.fraction, self.gamma.dtype)


@dataclass(frozen=True)
class Summed:
    """R itself, kept apart: for γ = 0, and for costs beyond the range of `Scaled`.

    R grows with the length of the path while the transition weights hang on differences of the size of γ. So the sum of
    the costs along the likeliest path is kept exactly, as head + tail of two floats, and what the other paths take off
    it, which is of the size of γ, in a third.

    Attributes:
        gamma: `[B]` smoothing, at least 0, or `[1]` for all pairs; 0 is the minimum, of which equal predecessors have
            equal weights.

    References:
        Dekker, A floating-point technique for extending the available precision, 1971; Knuth's two-sum, TAOCP 4.2.2.
    """

    gamma: jax.Array

    @property
    def start(self) -> np.ndarray:
        return np.array([0, 0, 0], self.gamma.dtype)

    @property
    def void(self) -> np.ndarray:
        return np.array([UNREACHABLE, 0, 0], self.gamma.dtype)

    def prepare(self, cost: jax.Array) -> Prepared:
        return (jnp.minimum(cost, UNREACHABLE),)

    def extend(self, diagonal: State, vertical: State, horizontal: State, prepared: Prepared) -> State:
        values, smallest, terms = self._terms(diagonal, vertical, horizontal)
        head, tail, correction = (
            jnp.where(values[0] == smallest, d, jnp.where(values[1] == smallest, v, h))
            for d, v, h in zip(diagonal, vertical, horizontal, strict=True)
        )
        head, rounded = two_sum(head, prepared[0])
        head, tail = two_sum(head, tail + rounded)
        correction = correction - _spread(self.gamma, head) * jnp.log(terms[0] + terms[1] + terms[2])
        void = head >= UNREACHABLE
        return _stacked(jnp.minimum(head, UNREACHABLE), jnp.where(void, 0, tail), jnp.where(void, 0, correction))

    def transition_weights(
        self, diagonal: State, vertical: State, horizontal: State, state: State, prepared: Prepared
    ) -> TransitionWeights:
        _, _, terms = self._terms(diagonal, vertical, horizontal)
        total = terms[0] + terms[1] + terms[2]
        return terms[0] / total, terms[1] / total, terms[2] / total

    def value(self, state: State) -> jax.Array:
        head, tail, correction = state  # [B, W] each
        return jnp.where(head >= UNREACHABLE / 2, jnp.inf, head + (tail + correction))

    def _terms(self, *states: State) -> tuple[list[jax.Array], jax.Array, list[jax.Array]]:
        """R of each over the least sum of costs, the smallest of these, and exp(−(R − least)/γ) of each."""
        base = jnp.minimum(jnp.minimum(states[0][0], states[1][0]), states[2][0])
        sums = [(head - base) + tail for head, tail, _ in states]
        least = jnp.minimum(jnp.minimum(sums[0], sums[1]), sums[2])
        # Of near sums the difference is exact; only then the corrections have room beside it.
        values = [(total - least) + state[2] for total, state in zip(sums, states, strict=True)]
        smallest = jnp.minimum(jnp.minimum(values[0], values[1]), values[2])
        gamma = _spread(self.gamma, base)
        soft = gamma > 0

        def term(value: jax.Array) -> jax.Array:
            gap = value - smallest
            scaled = jnp.where(soft, gap / jnp.where(soft, gamma, 1), jnp.where(gap > 0, FAR, 0))
            return jnp.exp(-jnp.minimum(scaled, FAR))

        return values, smallest, [term(value) for value in values]


ArithmeticType: TypeAlias = type[Scaled] | type[Summed]


def zeros_from(like: jax.Array, dtype: np.dtype | None = None) -> jax.Array:
    """Zeros that vary over the mesh axes over which an array varies, as the carry of a scan under `shard_map` must.

    Args:
        like: array; infinities and NaN do no harm.
        dtype: of the zeros; None for the array's.

    Returns:
        Zeros of the array's shape.

    Example:
        >>> zeros_from(jnp.array([1.0, jnp.nan, jnp.inf])).tolist()
        [0.0, 0.0, 0.0]
    """
    return (like > like).astype(dtype or like.dtype)


def _stacked(*arrays: jax.Array) -> State:
    """Arrays as one; XLA computes it in one pass over the lanes, where it would stack with a branch to each."""
    shape = (len(arrays), *arrays[0].shape)
    which = jax.lax.broadcasted_iota(jnp.int32, shape, 0)
    state = jnp.broadcast_to(arrays[-1][None], shape)  # [K, ..., B, W]
    for index, array in enumerate(arrays[:-1]):
        state = jnp.where(which == index, jnp.broadcast_to(array[None], shape), state)
    return state


def _thirds(a: jax.Array, format: _Format) -> list[jax.Array]:
    """Three numbers of a third of the digits that add up to a."""
    parts = []
    for _ in range(2):
        # Adding this multiple rounds away the digits below the third.
        anchor = a * (2.0 ** (format.fraction + 1 - format.third) + 1)
        part = anchor - (anchor - a)
        parts.append(part)
        a = a - part
    return [*parts, a]


def _power_of_2_near_1(x: jax.Array) -> jax.Array:
    """2^x for |x| <= 1/2, by its power series."""
    coefficients = [math.log(2) ** k / math.factorial(k) for k in range(_FORMATS[np.dtype(x.dtype)].terms)]
    power = jnp.full_like(x, coefficients.pop())
    while coefficients:
        power = power * x + coefficients.pop()
    return power


def _spread(per_pair: jax.Array, like: jax.Array) -> jax.Array:
    """Numbers `[B]`, or `[1]` for all pairs, as an array of the shape of another, `[..., B, W]`."""
    return jnp.broadcast_to(per_pair.reshape(*[1] * (like.ndim - 2), -1, 1), like.shape)
