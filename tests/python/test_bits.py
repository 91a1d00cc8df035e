"""Scheduling changes no bit: threads, fusion, and values read in the middle."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import weft

PROGRAM = Path(__file__).with_name("bits_program.py")


def bits(backend, *arguments, **environment):
    """The hash of each computation's result, and how many threads were busy with it."""
    run = subprocess.run(
        [sys.executable, PROGRAM, *arguments],
        env={**os.environ, "WEFT_BACKEND": backend, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    lines = [line.split() for line in run.stdout.splitlines()]
    return {name: hash for name, hash, *_ in lines}, {name: int(busy) for name, _, *rest in lines for busy in rest}


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="no processor time for each thread on this system")
def test_one_thread_or_two():
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one processor")
    one, two = (bits("cpu", "--busy", WEFT_NUM_THREADS=count) for count in "12")
    assert set(one[1].values()) == {1}
    assert set(two[1].values()) == {2}
    assert one[0] == two[0]


def test_fused_or_not(backend):
    assert bits(backend)[0] == bits(backend, WEFT_FUSE="0")[0]


def test_a_value_read_in_the_middle(device, rng):
    x = weft.asarray(rng.standard_normal((64, 300)).astype("float32"))

    def run(look):
        h = weft.exp(x * 0.3) - 1
        if look:
            h.numpy()
        m = h.mean(axis=1, keepdims=True)
        if look:
            str(m)
        return hashlib.sha256(((h - m) / weft.sqrt(h.var(axis=1, keepdims=True))).numpy().tobytes()).hexdigest()

    assert run(False) == run(True)


def test_long_reductions_depend_on_length_alone(device, rng):
    values = rng.standard_normal(100_000).astype("float32")
    x = weft.asarray(values)
    y = weft.asarray(np.stack([values, values[::-1]], axis=1))[:, 0]  # the same values, two apart in memory
    assert x.sum().item() == y.sum().item()
