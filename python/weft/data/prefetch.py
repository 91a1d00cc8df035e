"""Jobs done ahead by threads, with the results in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

import weft

__all__ = ["ahead"]

Job = TypeVar("Job")
Result = TypeVar("Result")


def ahead(
    work: Callable[[Job], Result], jobs: Iterable[Job], threads: int, depth: int
) -> Generator[Result, None, None]:
    """Yield ``work(job)`` for each job in order, while `threads` threads are up to `depth` jobs ahead.

    What a job raises comes out in its place. However the iteration ends, no thread is left. With no threads, each job
    is done when its result is asked for.
    """
    if not threads:
        for job in jobs:
            yield work(job)
        return
    pool = ThreadPoolExecutor(threads, "weft-data", _inherit, (weft.get_default_device(), weft.get_default_dtype()))
    todo = iter(jobs)
    running: deque[Future[Result]] = deque()
    try:
        running.extend(pool.submit(work, job) for job in islice(todo, depth))
        while running:
            result = running.popleft().result()
            running.extend(pool.submit(work, job) for job in islice(todo, 1))
            yield result
    finally:
        pool.shutdown(cancel_futures=True)


def _inherit(device: weft.device, dtype: weft.dtype) -> None:
    """Both hold for a thread; a worker has those of the thread that iterates."""
    device.__enter__()
    weft.set_default_dtype(dtype)
