"""`--shard`: what SLURM and TPU pods tell, as their documentation has it."""

import pytest

from jaxeval.benchmark.parts import Part, part_from
from jaxeval.errors import JaxevalError

ARRAY = {
    "SLURM_ARRAY_TASK_ID": "7",
    "SLURM_ARRAY_TASK_COUNT": "4",
    "SLURM_ARRAY_TASK_MIN": "3",
    "SLURM_ARRAY_TASK_STEP": "2",
}
STEP = {"SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "3"}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"SLURM_ARRAY_TASK_ID": "0", "SLURM_ARRAY_TASK_COUNT": "16", "SLURM_ARRAY_TASK_MIN": "0"}, Part(1, 16)),
        ({"SLURM_ARRAY_TASK_ID": "16", "SLURM_ARRAY_TASK_COUNT": "16", "SLURM_ARRAY_TASK_MIN": "1"}, Part(16, 16)),
        (ARRAY, Part(3, 4)),
        (STEP, Part(2, 3)),
        (ARRAY | STEP, Part(8, 12)),
        (
            {"SLURM_ARRAY_TASK_ID": "1", "SLURM_ARRAY_TASK_COUNT": "2", "SLURM_NTASKS": "4", "SLURM_PROCID": "0"},
            Part(1, 2),
        ),
        ({"TPU_WORKER_ID": "3", "TPU_WORKER_HOSTNAMES": "a,b,c,d"}, Part(4, 4)),
    ],
)
def test_auto(environment, expected):
    assert part_from("auto", environment) == expected


def test_an_array_and_its_steps_cover_every_part_once():
    parts = [
        part_from("auto", ARRAY | STEP | {"SLURM_ARRAY_TASK_ID": str(task), "SLURM_PROCID": str(process)})
        for task in (3, 5, 7, 9)
        for process in range(3)
    ]
    assert sorted(parts) == [Part(number, 12) for number in range(1, 13)]


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "a/b", "1/0", "-1/3", "1/3/5", "", "1.5/3"])
def test_wrong(text):
    with pytest.raises(JaxevalError, match="--shard: expected I/N with I from 1 to N, or auto, found"):
        part_from(text, {})


@pytest.mark.parametrize(
    "environment", [{"SLURM_ARRAY_TASK_ID": "1"}, {"TPU_WORKER_ID": "x", "TPU_WORKER_HOSTNAMES": "a"}]
)
def test_half_told(environment):
    with pytest.raises(JaxevalError, match="--shard auto: expected whole numbers"):
        part_from("auto", environment)
