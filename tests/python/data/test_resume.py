"""Exact resume: after load_state_dict come exactly the batches that would have come."""

import json

import numpy as np
import pytest

import weft
from weft import data


class Shifted(data.IterableDataset):
    epoch = 0

    def set_epoch(self, epoch):
        self.epoch = epoch

    def __iter__(self):
        return iter(range(100 * self.epoch, 100 * self.epoch + 11))


def loaders(workers):
    options = {"batch_size": 3, "num_workers": workers}
    return {
        "arrays": lambda: data.DataLoader(np.arange(11), shuffle=True, seed=5, **options),
        "tensors": lambda: data.DataLoader(weft.arange(11), shuffle=True, seed=5, drop_last=True, **options),
        "items": lambda: data.DataLoader(list(range(11)), shuffle=True, **options),
        "in order": lambda: data.DataLoader(np.arange(11), **options),
        "weights": lambda: data.DataLoader(
            np.arange(11), sampler=data.WeightedRandomSampler(range(11), 20, seed=2), **options
        ),
        "own sampler": lambda: data.DataLoader(np.arange(11), sampler=[3, 1, 4, 1, 5, 9, 2, 6], **options),
        "own batches": lambda: data.DataLoader(
            np.arange(11), batch_sampler=[[1, 2], [3], [4, 5, 6]], num_workers=workers
        ),
        "stream": lambda: data.DataLoader(Shifted(), **options),
        "dropping stream": lambda: data.DataLoader(Shifted(), drop_last=True, **options),
    }


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("kind", loaders(0))
def test_at_every_batch_of_two_epochs(kind, workers):
    make = loaders(workers)[kind]
    loader = make()
    whole, states = [], [loader.state_dict()]
    for _ in range(2):
        for batch in loader:
            whole.append(batch.tolist())
            states.append(json.loads(json.dumps(loader.state_dict())))
    for place, state in enumerate(states):
        resumed = make()
        resumed.load_state_dict(state)
        assert resumed.state_dict() == state
        rest = [batch.tolist() for _ in range(2 - state["epoch"]) for batch in resumed]
        assert rest == whole[place:]


def test_what_was_fetched_ahead_does_not_count():
    loader = data.DataLoader(np.arange(40), 2, num_workers=3, prefetch=4)
    batches = iter(loader)
    for done in range(3):
        assert loader.state_dict() == {"epoch": 0, "batch": done, "seed": 0}
        next(batches)
    batches.close()
    assert loader.state_dict() == {"epoch": 0, "batch": 3, "seed": 0}


def test_a_finished_epoch_is_the_beginning_of_the_next():
    loader = data.DataLoader(np.arange(4), 2, seed=8)
    list(loader)
    assert loader.state_dict() == {"epoch": 1, "batch": 0, "seed": 8}


def test_the_state_is_that_of_the_last_iteration():
    loader = data.DataLoader(np.arange(6), 2)
    first, last = iter(loader), iter(loader)
    next(last)
    list(first)  # its end is not that of the last one
    assert loader.state_dict() == {"epoch": 1, "batch": 1, "seed": 0}


def test_the_seed_comes_with_the_state():
    saved = data.DataLoader(np.arange(30), 30, shuffle=True, seed=9)
    other = data.DataLoader(np.arange(30), 30, shuffle=True, seed=1)
    other.load_state_dict(saved.state_dict())
    assert next(iter(other)).tolist() == next(iter(saved)).tolist()


def test_set_epoch_keeps_the_place_in_the_epoch_that_was_loaded():
    loader = data.DataLoader(np.arange(6), 2)
    loader.load_state_dict({"epoch": 3, "batch": 2, "seed": 0})
    loader.set_epoch(3)
    assert [batch.tolist() for batch in loader] == [[4, 5]]
    loader.load_state_dict({"epoch": 3, "batch": 2, "seed": 0})
    loader.set_epoch(4)
    assert len(list(loader)) == 3


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"epoch": 0, "batch": 4, "seed": 0}, "at batch 4, but an epoch has 3 batches"),
        ({"epoch": 0, "batch": -1, "seed": 0}, "not negative"),
        ({"epoch": 0, "batch": "1", "seed": 0}, "integers"),
        ({"epoch": 0, "seed": 0}, "epoch, batch and seed"),
    ],
)
def test_states_of_something_else(state, words):
    loader = data.DataLoader(np.arange(6), 2)
    with pytest.raises(ValueError, match=words):
        loader.load_state_dict(state)
    assert loader.state_dict() == {"epoch": 0, "batch": 0, "seed": 0}
    with pytest.raises(ValueError, match="set_epoch"):
        loader.set_epoch(-1)
