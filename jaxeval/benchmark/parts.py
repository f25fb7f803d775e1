"""Which part of a run a process does, where one command is started on many hosts: told, or found out."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from jaxeval.errors import JaxevalError


class Part(NamedTuple):
    """A part of a run.

    Attributes:
        number: which one, from 1.
        of: how many there are.
    """

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number} of {self.of}"


def part_from(text: str, environment: Mapping[str, str]) -> Part:
    """What `--shard` says.

    Args:
        text: "I/N" with 1 ≤ I ≤ N; or "auto" for what SLURM or a TPU pod tells its processes: SLURM's array task, and
            within it the task of a job step; else the TPU's worker.
        environment: the process's variables.

    Raises:
        JaxevalError: it is neither, or nothing is told.

    Example:
        >>> print(part_from("3/16", {}))
        3 of 16
        >>> print(part_from("auto", {"TPU_WORKER_ID": "0", "TPU_WORKER_HOSTNAMES": "a,b,c,d"}))
        1 of 4
    """
    if text == "auto":
        return _told(environment)
    found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text)
    part = Part(int(found[1]), int(found[2])) if found else Part(0, 0)
    if not 1 <= part.number <= part.of:
        raise JaxevalError(f"--shard: expected I/N with I from 1 to N, or auto, found {text!r}. For example 3/16.")
    return part


def _told(environment: Mapping[str, str]) -> Part:
    try:
        array, step = _of_array(environment), _of_step(environment)
        if array or step:
            (outer, outers), (inner, inners) = array or Part(1, 1), step or Part(1, 1)
            return Part((outer - 1) * inners + inner, outers * inners)
        if hosts := environment.get("TPU_WORKER_HOSTNAMES"):
            return Part(int(environment["TPU_WORKER_ID"]) + 1, len(hosts.split(",")))
    except (KeyError, ValueError, ZeroDivisionError) as error:
        raise JaxevalError(
            f"--shard auto: expected whole numbers in SLURM's or the TPU's variables, found {error}."
        ) from error
    text = "--shard auto: expected a SLURM array or job step, or a TPU pod, found none of their variables"
    raise JaxevalError(f"{text} (SLURM_ARRAY_TASK_ID, SLURM_STEP_NUM_TASKS, TPU_WORKER_HOSTNAMES). Give I/N instead.")


def _of_array(environment: Mapping[str, str]) -> Part | None:
    if "SLURM_ARRAY_TASK_ID" not in environment:
        return None
    first, step = (int(environment.get(f"SLURM_ARRAY_TASK_{name}", "1")) for name in ("MIN", "STEP"))
    count = int(environment["SLURM_ARRAY_TASK_COUNT"])
    return Part((int(environment["SLURM_ARRAY_TASK_ID"]) - first) // step + 1, count)


def _of_step(environment: Mapping[str, str]) -> Part | None:
    """Only `srun` starts as many processes as there are tasks; a batch script runs once, whatever SLURM_NTASKS says."""
    if "SLURM_STEP_NUM_TASKS" not in environment:
        return None
    return Part(int(environment["SLURM_PROCID"]) + 1, int(environment["SLURM_STEP_NUM_TASKS"]))
