"""Meshes whose axes are explicit, as `jax.make_mesh` makes them, for functions that leave shardings to the compiler."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
from jax.sharding import (
    AbstractMesh,
    AxisType,
    NamedSharding,
    PartitionSpec,
    get_abstract_mesh,
    reshard,
    use_abstract_mesh,
)


def on_automatic_axes(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """`function(*args, **kwargs)`, with explicit axes of the arguments' mesh automatic inside.

    On explicit axes every operation must say how its result is sharded, and many refuse to: reshapes that merge axes,
    concatenations, scans. On automatic ones the compiler finds out. A result with as many rows as an argument that is
    sharded along its rows is sharded in the same way; any other is replicated (but for axes under `jax.vmap`, of which
    the function sees nothing).

    Args:
        function: of pytrees whose leaves are arrays, or anything else.
        args: its positional arguments.
        kwargs: its others.

    Returns:
        What it returns: arrays on the mesh as it was.

    Example:
        >>> on_automatic_axes(jax.numpy.add, (1, 2), {}).item()
        3
    """
    leaves, tree = jax.tree.flatten((tuple(args), dict(kwargs)))
    arrays = {k: leaf for k, leaf in enumerate(leaves) if isinstance(leaf, jax.Array)}
    mesh = next((found for leaf in arrays.values() if (found := _mesh(leaf)) is not None), None)
    if mesh is None:
        return function(*args, **kwargs)
    automatic = mesh.update_axis_types(dict.fromkeys(_explicit(mesh), AxisType.Auto))
    sharded = {leaf.shape[0]: axis for leaf in arrays.values() if leaf.ndim and (axis := _leading(leaf)) is not None}
    with use_abstract_mesh(automatic):
        for k, leaf in arrays.items():
            leaves[k] = reshard(leaf, NamedSharding(automatic, PartitionSpec()))
        args, kwargs = jax.tree.unflatten(tree, leaves)
        result = function(*args, **kwargs)
    if get_abstract_mesh() == automatic:
        return result

    def back(leaf: Any) -> Any:
        if not isinstance(leaf, jax.Array):
            return leaf
        rows = sharded.get(leaf.shape[0]) if leaf.ndim else None
        return reshard(leaf, NamedSharding(mesh, PartitionSpec(rows) if rows else PartitionSpec()))

    return jax.tree.map(back, result)


def _mesh(array: jax.Array) -> AbstractMesh | None:
    """The mesh of an array that is on one with explicit axes."""
    mesh = jax.typeof(array).sharding.mesh
    return mesh if _explicit(mesh) else None


def _explicit(mesh: AbstractMesh) -> list[str]:
    return [axis for axis, kind in zip(mesh.axis_names, mesh.axis_types, strict=True) if kind == AxisType.Explicit]


def _leading(array: jax.Array) -> Any:
    """The explicit axes along which an array's rows are sharded."""
    sharding = jax.typeof(array).sharding
    return sharding.spec[0] if len(sharding.spec) and _explicit(sharding.mesh) else None
