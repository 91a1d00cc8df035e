"""DataLoader: what comes in which order, from which data, on which device, and what is refused."""

from itertools import chain

import numpy as np
import pytest

import weft
from weft import data

X = np.arange(20, dtype="float32").reshape(10, 2)
Y = np.arange(10)


class Squares(data.Dataset):
    def __len__(self):
        return 10

    def __getitem__(self, index):
        return float(index**2), {"index": index}


class Stream(data.IterableDataset):
    """The numbers below n, from the epoch's number on."""

    def __init__(self, n=10):
        self.n, self.epoch = n, 0

    def set_epoch(self, epoch):
        self.epoch = epoch

    def __iter__(self):
        return iter(range(self.epoch, self.n + self.epoch))


def rows(loader):
    return [batch.tolist() for batch in loader]


@pytest.mark.parametrize("batch_size", [1, 3, 10, 11])
@pytest.mark.parametrize("drop_last", [False, True])
def test_arrays_are_cut_in_order(batch_size, drop_last, device):
    loader = data.DataLoader((X, Y), batch_size, drop_last=drop_last)
    batches = list(loader)
    starts = range(0, 10 - batch_size + 1 if drop_last else 10, batch_size)
    assert len(batches) == len(loader) == len(starts)
    for (x, y), start in zip(batches, starts, strict=True):
        assert x.device == y.device == device
        np.testing.assert_array_equal(x.numpy(), X[start : start + batch_size])
        np.testing.assert_array_equal(y.numpy(), Y[start : start + batch_size])


def test_the_order_is_a_function_of_seed_and_epoch():
    order = np.random.default_rng([7, 3]).permutation(10)
    loader = data.DataLoader((X, Y), 4, shuffle=True, seed=7)
    loader.set_epoch(3)
    np.testing.assert_array_equal(np.concatenate([y.numpy() for _, y in loader]), Y[order])


def test_each_epoch_has_its_own_order():
    loader = data.DataLoader(Y, 10, shuffle=True)
    orders = [rows(loader)[0] for _ in range(4)]
    assert len({tuple(order) for order in orders}) == 4
    assert all(sorted(order) == list(range(10)) for order in orders)
    loader.set_epoch(2)
    assert rows(loader)[0] == orders[2]
    assert loader.epoch == 3


def test_leaving_early_ends_the_epoch():
    loader = data.DataLoader(Y, 2)
    for _ in loader:
        break
    assert loader.epoch == 0
    assert len(list(loader)) == 5
    assert loader.epoch == 2


def test_two_iterations_at_once_do_not_meet():
    loader = data.DataLoader(Y, 5, shuffle=True)
    both = list(zip(loader, loader, strict=True))
    fresh = data.DataLoader(Y, 5, shuffle=True)
    assert [a.tolist() for a, _ in both] == rows(fresh)
    assert [b.tolist() for _, b in both] == rows(fresh)


def test_one_array_gives_tensors_and_a_tuple_of_one_tuples():
    assert rows(data.DataLoader(Y, 6)) == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9]]
    assert [len(batch) for batch in data.DataLoader((Y,), 6)] == [1, 1]


def test_items_are_collated():
    first, *_ = data.DataLoader(Squares(), 3)
    assert first[0].tolist() == [0, 1, 4]
    assert first[1]["index"].tolist() == [0, 1, 2]
    assert rows(data.DataLoader([5, 6, 7], 2)) == [[5, 6], [7]]
    assert list(data.DataLoader("abc", 2)) == [["a", "b"], ["c"]]


def test_tensors_are_cut_on_their_device(device):
    x = weft.asarray(X)
    for shuffle in (False, True):
        with weft.profile() as profile:
            batches = [batch.numpy() for batch in data.DataLoader(x, 4, shuffle)]
        assert not profile.fallbacks
        np.testing.assert_array_equal(np.sort(np.concatenate(batches), axis=0), X)


def test_batches_go_to_the_device(backend):
    target = weft.device(backend)
    for source in (Y, weft.asarray(Y), list(range(10)), Stream()):
        batches = list(data.DataLoader(source, 4, device=backend))
        assert all(batch.device == target for batch in batches)
        assert [n for batch in batches for n in batch.tolist()] == list(range(10))


def test_dtype_is_of_floating_arrays():
    wide = X.astype("float64")
    loader = data.DataLoader((wide, Y, weft.asarray(wide)), 4, dtype="float32")
    assert [part.dtype for part in next(iter(loader))] == [weft.float32, weft.int64, weft.float64]
    assert next(iter(data.DataLoader([1.5, 2.5], dtype="float64"))).dtype == weft.float64
    assert next(iter(data.DataLoader(wide, collate_fn=np.stack, dtype="float32"))).dtype == weft.float32


def test_subsets_of_arrays_are_cut_too():
    train, test = data.random_split((X, Y), [7, 3], seed=1)
    seen = [y.tolist() for part in (train, test) for _, y in data.DataLoader(part, 3, shuffle=True)]
    assert sorted(chain(*seen)) == list(range(10))
    assert [len(s) for s in seen] == [3, 3, 1, 3]


def test_collate_fn_gets_the_items():
    def pad(items):
        length = max(len(item) for item in items)
        return np.array([item + [0] * (length - len(item)) for item in items]), len(items)

    batches = list(data.DataLoader([[1], [2, 3], [4, 5, 6]], 2, collate_fn=pad))
    assert [(x.tolist(), n) for x, n in batches] == [([[1, 0], [2, 3]], 2), ([[4, 5, 6]], 1)]


def test_samplers():
    assert rows(data.DataLoader(Y, 2, sampler=[9, 0, 9])) == [[9, 0], [9]]
    assert rows(data.DataLoader(Y, batch_sampler=[[1], [2, 3], []])) == [[1], [2, 3], []]
    weighted = data.WeightedRandomSampler([0] * 9 + [1], 3)
    assert rows(data.DataLoader(Y, 2, sampler=weighted)) == [[9, 9], [9]]
    shuffled = data.RandomSampler(Y)
    loader = data.DataLoader(Y, 10, sampler=shuffled)
    assert rows(loader) != rows(loader)  # the sampler is told the epoch


def test_streams(device):
    loader = data.DataLoader(Stream(), 4)
    assert rows(loader) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert rows(loader)[0] == [1, 2, 3, 4]  # of epoch 1
    assert rows(data.DataLoader(Stream(), 4, drop_last=True)) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert rows(data.DataLoader(Stream(0), 4)) == []
    with pytest.raises(TypeError, match="has no len"):
        len(loader)


def test_the_length_of_a_stream_that_has_one():
    class Counted(Stream):
        def __len__(self):
            return self.n

    assert len(data.DataLoader(Counted(), 4)) == 3
    assert len(data.DataLoader(Counted(), 4, drop_last=True)) == 2


@pytest.mark.parametrize("shuffle", [False, True])
def test_no_data_no_batches(shuffle):
    loader = data.DataLoader(np.zeros((0, 3)), shuffle=shuffle)
    assert len(loader) == 0
    assert list(loader) == []


@pytest.mark.parametrize(
    ("given", "options", "error", "words"),
    [
        (5, {}, TypeError, "must be a Dataset.*not int"),
        (iter([1]), {}, TypeError, "begins it anew"),
        ({"a": 1}, {}, TypeError, "not dict"),
        ((X, Y[:3]), {}, ValueError, r"\(10, 2\) and \(3,\)"),
        (Y, {"batch_size": 0}, ValueError, "batch_size must be a positive integer"),
        (Y, {"batch_size": 2.0}, ValueError, "batch_size must be a positive integer"),
        (Y, {"seed": -1}, ValueError, "seed"),
        (Y, {"num_workers": -1}, ValueError, "num_workers"),
        (Y, {"prefetch": 0}, ValueError, "prefetch"),
        (Y, {"shuffle": True, "sampler": [1]}, ValueError, "shuffle and sampler exclude each other"),
        (Y, {"batch_sampler": [[1]], "drop_last": True}, ValueError, "batch_sampler and drop_last exclude"),
        (Stream(), {"shuffle": True}, ValueError, "shuffle needs a dataset with __getitem__"),
    ],
)
def test_bad_options(given, options, error, words):
    with pytest.raises(error, match=words):
        data.DataLoader(given, **options)


def test_an_index_out_of_bounds_is_an_error(device):
    for source in (Y, weft.asarray(Y), list(range(10))):
        with pytest.raises(IndexError):
            [batch.numpy() for batch in data.DataLoader(source, 2, sampler=[1, 10])]
