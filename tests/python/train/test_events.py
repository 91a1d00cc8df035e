"""Event files: checksums against published vectors, records decoded, and read by TensorBoard itself."""

import struct

import numpy as np
import pytest

import weft
from weft.train.events import EventFile, crc32c, masked


# RFC 3720, appendix B.4, and the check value of CRC-32C in the catalogue of parametrised CRC algorithms
@pytest.mark.parametrize(
    ("data", "crc"),
    [
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
        (b"123456789", 0xE3069283),
    ],
)
def test_crc32c(data, crc):
    assert crc32c(data) == crc


def records(content):
    """The contents of TFRecords, whose checksums are right."""
    found, at = [], 0
    while at < len(content):
        (length, length_crc) = struct.unpack_from("<QI", content, at)
        assert masked(crc32c(content[at : at + 8])) == length_crc
        data = content[at + 12 : at + 12 + length]
        assert struct.unpack_from("<I", content, at + 12 + length) == (masked(crc32c(data)),)
        found.append(data)
        at += 16 + length
    return found


def fields(message):
    """A protocol buffer as (number, value) pairs, following its specification of the wire format."""
    at, found = 0, []

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        key = varint()
        number, kind = key >> 3, key & 7
        if kind == 0:
            value = varint()
        elif kind == 2:
            size = varint()
            value, at = message[at : at + size], at + size
        else:
            size, code = {1: (8, "<d"), 5: (4, "<f")}[kind]
            (value,) = struct.unpack_from(code, message, at)
            at += size
        found.append((number, value))
    return found


def test_records_decode(tmp_path):
    file = EventFile(tmp_path)
    file.scalars(300, {"loss": 0.5, "naïve": -2.0})
    file.scalars(2**40, {"big": 1e300})
    file.close()
    (path,) = tmp_path.iterdir()
    assert "tfevents" in path.name
    first, second, third = (fields(content) for content in records(path.read_bytes()))
    assert dict(first)[3] == b"brain.Event:2"
    assert dict(second)[2] == 300
    assert dict(second)[1] == pytest.approx(dict(first)[1], abs=60)
    scalars = [dict(fields(value)) for _, value in fields(dict(second)[5])]
    assert scalars == [{1: b"loss", 2: 0.5}, {1: "naïve".encode(), 2: -2.0}]
    assert dict(third)[2] == 2**40
    assert dict(fields(dict(fields(dict(third)[5]))[1]))[2] == np.inf


@pytest.mark.slow
def test_tensorboard_reads_it(tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator", reason="no tensorboard")
    x = np.linspace(0, 1, 40, dtype="float32").reshape(-1, 1)
    model = weft.nn.Linear(1, 1)
    callback = weft.train.TensorBoard(tmp_path, every_steps=2)
    trainer = weft.Trainer(model, weft.optim.SGD(model.parameters(), lr=0.1), "mse", callbacks=[callback])
    history = trainer.fit((x, 3 * x), (x, 3 * x), epochs=5, batch_size=10)
    for folder, name in (("train", "loss"), ("validation", "val_loss")):
        events = accumulator.EventAccumulator(str(tmp_path / folder))
        events.Reload()
        read = events.Scalars("loss")
        assert [event.step for event in read] == [4, 8, 12, 16, 20]
        np.testing.assert_allclose([event.value for event in read], history[name], rtol=1e-6)
    events = accumulator.EventAccumulator(str(tmp_path / "train"))
    events.Reload()
    assert set(events.Tags()["scalars"]) == {"loss", "learning_rate", "seconds", "step_loss"}
    assert len(events.Scalars("step_loss")) == 10
