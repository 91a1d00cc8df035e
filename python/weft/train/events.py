"""Event files, as TensorBoard reads them.

A file is a sequence of TFRecords: the length (uint64), its masked checksum, the content, its masked checksum, all
little-endian. The checksum is CRC-32C (RFC 3720, appendix B.4), masked as ``rotate right by 15, add 0xa282ead8``
(TensorFlow's ``tsl/lib/io/record_writer.h`` and ``tsl/lib/hash/crc32c.h``). The content is the protocol buffer
``Event`` (``tensorboard/compat/proto/event.proto``); of its encoding only what scalars need is written out here.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Mapping
from pathlib import Path

__all__ = ["EventFile", "crc32c", "masked", "record", "scalar_event", "version_event"]

_POLYNOMIAL = 0x82F63B78  # Castagnoli's, with its bits reversed


def _entry(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
    return value


_TABLE = [_entry(byte) for byte in range(256)]


def crc32c(data: bytes) -> int:
    """CRC-32C of some bytes.

    Examples
    --------
    >>> from weft.train.events import crc32c
    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def masked(crc: int) -> int:
    """A checksum as it is stored: one of data that hold checksums would be weak otherwise."""
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def record(content: bytes) -> bytes:
    """A TFRecord."""
    length = struct.pack("<Q", len(content))
    return b"".join(
        [length, struct.pack("<I", masked(crc32c(length))), content, struct.pack("<I", masked(crc32c(content)))]
    )


# ---- protocol buffers: a key (number of the field and kind of the value), then the value


def _varint(value: int) -> bytes:
    value &= 0xFFFFFFFFFFFFFFFF  # negative numbers as two's complement of 64 bits
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _integer(field: int, value: int) -> bytes:
    return _varint(field << 3 | 0) + _varint(value)


def _double(field: int, value: float) -> bytes:
    return _varint(field << 3 | 1) + struct.pack("<d", value)


def _float(field: int, value: float) -> bytes:
    return _varint(field << 3 | 5) + struct.pack("<f", value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def version_event(wall_time: float) -> bytes:
    """The Event each file begins with."""
    return _double(1, wall_time) + _bytes(3, b"brain.Event:2")


def scalar_event(wall_time: float, step: int, values: Mapping[str, float]) -> bytes:
    """The Event of scalars: wall_time = 1, step = 2, summary = 5; in it value = 1 with tag = 1, simple_value = 2."""
    summary = b"".join(_bytes(1, _bytes(1, name.encode()) + _float(2, _float32(v))) for name, v in values.items())
    return _double(1, wall_time) + _integer(2, step) + _bytes(5, summary)


def _float32(value: float) -> float:
    """A number that float32 can hold: larger ones are infinite."""
    try:
        struct.pack("<f", value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
    return value


class EventFile:
    """A new event file in a folder.

    Parameters
    ----------
    folder : path
        Made if it is not there. TensorBoard shows it as a run of this name.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        now = time.time()
        number = 0
        while True:  # TensorBoard reads the files of a folder in the order of their names
            name = f"events.out.tfevents.{int(now):010d}.{socket.gethostname()}.{os.getpid()}.{number}"
            try:
                self._file = open(place / name, "xb")  # noqa: SIM115 see close()
                break
            except FileExistsError:
                number += 1
        self._write(version_event(now))

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Write scalars of a step by name."""
        self._write(scalar_event(time.time(), step, values))

    def _write(self, event: bytes) -> None:
        self._file.write(record(event))
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
