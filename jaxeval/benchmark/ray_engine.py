"""A benchmark on a Ray cluster: one task a unit of work, tried again when its node is lost.

A process that Ray starts for a task is kept for the next one, and with it the networks and compiled programs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from jaxeval.benchmark.plan import Bench
from jaxeval.benchmark.run import Done, Worker, note
from jaxeval.benchmark.units import Unit
from jaxeval.compiled import keep_compiled_programs
from jaxeval.errors import JaxevalError, one_line
from jaxeval.report.progress import Shown

_CORES = 8
"""Of a task without a GPU, at most: one clip keeps hardly more busy."""
_AHEAD = 4
"""Tasks that are handed over for each that can run at once, so that none waits."""
_PATIENCE = 30.0
"""Seconds without a finished unit after which it is told that none can run."""


class _Silent:
    """Progress that nobody sees: the driver tells of whole units."""

    def begin(self, clip: str) -> None:
        pass

    def share(self, done: float) -> None:
        pass

    def end(self, failure: str | None, fresh: bool) -> None:
        pass


@lru_cache(maxsize=1)
def _worker(folder: Path, told: bytes, again: bool) -> Worker:
    """The process's own; a benchmark can't be hashed, so it comes as text."""
    return Worker(folder, msgspec.json.decode(told, type=Bench), again=again)


def _do(folder: Path, told: bytes, unit: Unit, again: bool) -> Done | str:
    """One task; a fault that ends the run comes back as its text, for Ray would try again."""
    try:
        return _worker(folder, told, again).work(unit, _Silent())
    except JaxevalError as error:
        return str(error)


def work_on_ray(
    folder: Path,
    bench: Bench,
    units: Sequence[Unit],
    shown: Shown,
    *,
    address: str | None,
    again: bool,
    say: Callable[[str], None],
) -> int:
    """Do units on a cluster, and note each in the run's log.

    Args:
        folder: the run's, which all nodes share.
        bench: what is compared.
        units: what is to be done.
        shown: is told of each pair when its unit is done.
        address: of a cluster; None for the one that `RAY_ADDRESS` names, else for one on this machine.
        again: whether pairs that failed are tried again.
        say: prints a line.

    Returns:
        How many pairs failed.

    Raises:
        JaxevalError: Ray isn't installed or can't be reached, or nothing can be scored.
    """
    ray = _connected(address)
    try:
        needs, at_once = _needs(ray)
        say(f"Ray: {at_once} units at once, {' and '.join(f'{n} {name}' for name, n in _words(needs))} for each")
        task = ray.remote(max_retries=-1, **needs)(_do)
        arguments = folder.resolve(), msgspec.json.encode(bench)
        waiting, failed = iter(units), 0
        running = {task.remote(*arguments, unit, again): unit for unit in islice(waiting, at_once * _AHEAD)}
        while running:
            for done in _finished(ray, running, needs, say):
                note(folder, done)
                failed += done.failed
                for outcome in done.outcomes:
                    shown.begin(outcome.pair)
                    shown.end(outcome.failure, outcome.fresh)
                running |= {task.remote(*arguments, unit, again): unit for unit in islice(waiting, 1)}
        return failed
    finally:
        ray.shutdown()


def _connected(address: str | None) -> Any:
    try:
        import ray
    except ImportError as error:
        raise JaxevalError(
            "--ray: expected Ray, found none installed. Install it: pip install 'jaxeval[ray]'."
        ) from error
    try:
        hook = {"worker_process_setup_hook": keep_compiled_programs}
        ray.init(address, runtime_env=hook, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:  # whatever Ray raises, the cluster can't be reached
        where = address or "this machine"
        raise JaxevalError(
            f"--ray: expected a cluster at {where}, found: {one_line(error)}. Check its address."
        ) from error
    return ray


def _needs(ray: Any) -> tuple[dict[str, int], int]:
    """What a task asks for, and how many can run at once."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    if gpus := int(sum(node.get("GPU", 0) for node in nodes)):
        return {"num_gpus": 1, "num_cpus": 1}, gpus
    cores = [int(node["CPU"]) for node in nodes if node.get("CPU", 0) >= 1]
    each = min([_CORES, *cores])
    return {"num_cpus": each}, max(1, sum(count // each for count in cores))


def _words(needs: dict[str, int]) -> Iterator[tuple[str, int]]:
    for name, number in needs.items():
        yield {"num_gpus": "GPU", "num_cpus": "CPU"}[name] + "s" * (number > 1), number


def _finished(ray: Any, running: dict[Any, Unit], needs: dict[str, int], say: Callable[[str], None]) -> Iterator[Done]:
    """The units that are done, at least one unless patience ends."""
    ready, _ = ray.wait(list(running), timeout=_PATIENCE)
    if not ready and not _can_run(ray, needs):
        say("Ray: waiting for a node, for none that is alive has what a unit needs")
    for reference in ready:
        unit = running.pop(reference)
        try:
            done = ray.get(reference)
        except ray.exceptions.RayError as error:
            raise JaxevalError(
                f"{unit.name}: expected Ray to finish it, found: {one_line(error)}. Run it again."
            ) from error
        if isinstance(done, str):
            raise JaxevalError(done)
        yield done


def _can_run(ray: Any, needs: dict[str, int]) -> bool:
    names = {"num_gpus": "GPU", "num_cpus": "CPU"}
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    return any(all(node.get(names[name], 0) >= number for name, number in needs.items()) for node in nodes)
