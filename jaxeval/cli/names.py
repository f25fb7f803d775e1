"""Options that several commands share."""

from typing import Annotated

from tyro.constructors import PrimitiveConstructorSpec


def _split(words: list[str]) -> tuple[str, ...]:
    return tuple(name for name in map(str.strip, words[0].split(",")) if name)


Names = Annotated[
    tuple[str, ...],
    PrimitiveConstructorSpec(
        nargs=1,
        metavar="NAME,NAME",
        instance_from_str=_split,
        is_instance=lambda value: isinstance(value, tuple),
        str_from_instance=lambda names: [",".join(names)],
    ),
]
"""Names with commas between."""
