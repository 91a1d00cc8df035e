"""Samplers: which indices come, how often, and that the same seed and epoch give the same."""

from collections import Counter
from itertools import chain

import numpy as np
import pytest

from weft import data


def test_sequential():
    sampler = data.SequentialSampler(range(4))
    assert list(sampler) == [0, 1, 2, 3]
    assert len(sampler) == 4


def test_random_is_a_permutation_of_seed_and_epoch():
    orders = []
    for seed in (0, 1):
        sampler = data.RandomSampler(range(100), seed=seed)
        for epoch in (0, 1):
            sampler.set_epoch(epoch)
            order = list(sampler)
            assert sorted(order) == list(range(100))
            assert order == list(sampler)
            orders.append(tuple(order))
    assert len(set(orders)) == 4


def test_random_permutes_evenly():
    """Each item is first equally often: within 5 standard deviations of a binomial law."""
    firsts: Counter[int] = Counter()
    sampler = data.RandomSampler(range(5))
    for epoch in range(2000):
        sampler.set_epoch(epoch)
        firsts[next(iter(sampler))] += 1
    assert all(abs(firsts[i] - 400) < 5 * (2000 * 0.2 * 0.8) ** 0.5 for i in range(5))


def test_more_samples_than_items_are_whole_permutations_first():
    sampler = data.RandomSampler(range(4), num_samples=10)
    order = list(sampler)
    assert len(sampler) == len(order) == 10
    assert sorted(order[:4]) == sorted(order[4:8]) == [0, 1, 2, 3]
    assert len(set(order[8:])) == 2


def test_replacement():
    order = list(data.RandomSampler(range(10), replacement=True, num_samples=5000))
    counts = Counter(order)
    assert set(counts) == set(range(10))
    assert all(abs(n - 500) < 5 * (5000 * 0.1 * 0.9) ** 0.5 for n in counts.values())


def test_weights_are_probabilities():
    weights = np.array([1.0, 0.0, 3.0, 6.0])
    counts = Counter(data.WeightedRandomSampler(weights, 10_000, seed=2))
    assert counts[1] == 0
    for i in (0, 2, 3):
        p = weights[i] / weights.sum()
        assert abs(counts[i] - 10_000 * p) < 5 * (10_000 * p * (1 - p)) ** 0.5


def test_weights_without_replacement():
    order = list(data.WeightedRandomSampler([1, 2, 0, 4], 3, replacement=False))
    assert sorted(order) == [0, 1, 3]


def test_subset_is_permuted():
    sampler = data.SubsetRandomSampler(range(100, 200))
    order = list(sampler)
    assert sorted(order) == list(range(100, 200)) != order
    sampler.set_epoch(1)
    assert list(sampler) != order


@pytest.mark.parametrize("sampler", [range(7), data.SequentialSampler(range(7)), data.RandomSampler(range(7))])
def test_batches_of_a_sampler(sampler):
    batches = list(data.BatchSampler(sampler, 3))
    assert [len(batch) for batch in batches] == [3, 3, 1]
    assert list(chain(*batches)) == list(sampler)
    assert list(data.BatchSampler(sampler, 3, drop_last=True)) == batches[:2]
    assert len(data.BatchSampler(sampler, 3)) == 3
    assert len(data.BatchSampler(sampler, 3, drop_last=True)) == 2


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: data.RandomSampler([], num_samples=3), "3 of no items"),
        (lambda: data.RandomSampler([1], num_samples=0), "num_samples must be a positive integer"),
        (lambda: data.RandomSampler([1], seed=-1), "seed must be an integer that is not negative"),
        (lambda: data.WeightedRandomSampler([1, -1], 2), "not negative"),
        (lambda: data.WeightedRandomSampler([1, np.nan], 2), "finite"),
        (lambda: data.WeightedRandomSampler([0, 0], 2), "cannot be drawn"),
        (lambda: data.WeightedRandomSampler([1, 0], 2, replacement=False), "2 items cannot be drawn from 1"),
        (lambda: data.BatchSampler(range(3), 0), "batch_size must be a positive integer"),
    ],
)
def test_bad_options(make, words):
    with pytest.raises(ValueError, match=words):
        make()
