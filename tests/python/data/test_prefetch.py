"""Threads of a DataLoader: order, errors, and that none is left."""

import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import weft
from weft import data


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("weft-data")] == []


class Slow(data.Dataset):
    """Items that take the longer the earlier they are; one may fail."""

    def __init__(self, n=12, bad=None):
        self.n, self.bad, self.seen, self.threads = n, bad, [], set()

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        self.seen.append(index)
        self.threads.add(threading.current_thread().name)
        if index == self.bad:
            raise OSError("the file is gone")
        time.sleep(0.0005 * max(0, 12 - index))
        return index


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("prefetch", [1, 4])
def test_results_come_in_order(workers, prefetch):
    dataset = Slow()
    loader = data.DataLoader(dataset, 2, num_workers=workers, prefetch=prefetch)
    assert [n for batch in loader for n in batch.tolist()] == list(range(12))
    assert 1 <= len(dataset.threads) <= workers
    assert threading.current_thread().name not in dataset.threads


def test_batches_are_fetched_ahead_but_not_further():
    dataset = Slow(40)
    batches = iter(data.DataLoader(dataset, 1, num_workers=2, prefetch=3))
    next(batches)
    deadline = time.monotonic() + 10
    while len(dataset.seen) < 7 and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(0.05)
    assert sorted(dataset.seen) == list(range(7))  # the one that came, and 2 * 3 ahead
    batches.close()


def test_threads_work_at_the_same_time():
    meeting = threading.Barrier(3)

    class Meet(data.Dataset):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            meeting.wait(timeout=20)
            return index

    assert [b.item() for b in data.DataLoader(Meet(), 1, num_workers=3)] == [0, 1, 2]


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_comes_in_its_place_and_names_the_item(workers):
    loader = data.DataLoader(Slow(bad=7), 2, num_workers=workers)
    got: list[int] = []
    with pytest.raises(OSError, match="the file is gone") as caught:
        got.extend(n for batch in loader for n in batch.tolist())
    assert got == [0, 1, 2, 3, 4, 5]
    assert caught.value.__notes__ == ["DataLoader: raised by item 7 of the dataset"]
    assert loader.state_dict()["batch"] == 3


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_of_a_stream_names_the_item(workers):
    class Broken(data.IterableDataset):
        def __iter__(self):
            yield from range(5)
            raise ValueError("bad line")

    loader = data.DataLoader(Broken(), 2, num_workers=workers)
    got: list[int] = []
    with pytest.raises(ValueError, match="bad line") as caught:
        got.extend(n for batch in loader for n in batch.tolist())
    assert got == [0, 1, 2, 3]
    assert caught.value.__notes__ == ["DataLoader: raised by item 5 of the stream"]


@pytest.mark.parametrize("workers", [0, 2])
def test_ragged_items_name_the_batch(workers):
    items = [np.zeros(2), np.zeros(2), np.zeros(2), np.zeros(3)]
    with pytest.raises(ValueError, match="item 1 of the batch has shape") as caught:
        list(data.DataLoader(items, 2, num_workers=workers))
    assert caught.value.__notes__ == ["DataLoader: raised by the batch of items 2, 3"]


@pytest.mark.parametrize("workers", [0, 2])
def test_stop_iteration_of_an_item_is_an_error_not_an_end(workers):
    class Stops(data.Dataset):
        def __len__(self):
            return 4

        def __getitem__(self, index):
            return next(iter(()))

    with pytest.raises(RuntimeError):
        list(data.DataLoader(Stops(), 2, num_workers=workers))


def test_leaving_early_stops_the_threads():
    dataset = Slow(1000)
    for _ in data.DataLoader(dataset, 1, num_workers=3):
        break
    assert len(dataset.seen) < 20


def test_an_error_of_the_loop_stops_the_threads():
    dataset = Slow(1000)
    with pytest.raises(ZeroDivisionError):
        [1 / batch.item() for batch in data.DataLoader(dataset, 1, num_workers=3)]  # the first one is 0
    assert len(dataset.seen) < 20


def test_a_stream_has_one_thread():
    class Stream(data.IterableDataset):
        def __iter__(self):
            for _ in range(20):
                yield threading.get_ident()

    idents = {n for batch in data.DataLoader(Stream(), 3, num_workers=4) for n in batch.tolist()}
    assert len(idents) == 1
    assert threading.get_ident() not in idents


def test_threads_have_the_defaults_of_the_loop(backend):
    class Makes(data.Dataset):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            return weft.ones(2)

    before = weft.get_default_dtype()
    with weft.device(backend) as device:
        weft.set_default_dtype("float64")
        try:
            batches = list(data.DataLoader(Makes(), 1, num_workers=2))
        finally:
            weft.set_default_dtype(before)
    assert {(batch.device, batch.dtype) for batch in batches} == {(device, weft.float64)}


def test_the_cause_of_an_error_is_kept():
    class Wraps(Slow):
        def __getitem__(self, index):
            try:
                raise KeyError(index)
            except KeyError as error:
                raise OSError("no such row") from error

    with pytest.raises(OSError, match="no such row") as caught:
        list(data.DataLoader(Wraps(), 2, num_workers=2))
    assert isinstance(caught.value.__cause__, KeyError)


@pytest.mark.parametrize("end", ["", "raise SystemExit(3)"])
def test_python_ends_with_a_loader_in_the_middle(end):
    code = f"""
import weft
batches = iter(weft.data.DataLoader(list(range(100)), 1, num_workers=2))
next(batches)
{end}
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stderr) == (3 if end else 0, "")
