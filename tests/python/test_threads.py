"""Any Python thread may build and evaluate graphs; a forked child works."""

import os
import subprocess
import sys
import threading

import numpy as np

import weft


def test_eight_threads(device):
    failures = []

    def work(seed):
        try:
            rng = np.random.default_rng(seed)
            with weft.device(device.name):
                for _ in range(15):
                    values = rng.standard_normal((20 + seed, 30))
                    x = weft.asarray(values).requires_grad_()
                    weft.tanh(x @ x.T).sum().backward()
                    slope = 1 - np.tanh(values @ values.T) ** 2
                    np.testing.assert_allclose(x.grad.numpy(), (slope + slope.T) @ values, rtol=1e-9, atol=1e-9)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]


FORK = """
import os, weft
x = weft.ones((600, 600))
assert (x @ x).sum().item() == 600.0**3
child = os.fork()
if child == 0:
    good = (x @ x).sum().item() == 600.0**3 and weft.arange(5).sum().item() == 10
    os._exit(0 if good else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_forked_child_computes():
    environment = {**os.environ, "WEFT_BACKEND": "cpu"}
    run = subprocess.run([sys.executable, "-c", FORK], env=environment, timeout=120, check=False)
    assert run.returncode == 0


def test_a_long_chain_of_pending_nodes(device):
    x = weft.zeros(())
    for _ in range(20_000):
        x = x + 1
    assert x.item() == 20_000
