"""CRC-32C (Castagnoli, RFC 3720 appendix B.4) of large buffers with numpy, and the masked form of LevelDB's tables.

The buffer is cut into lanes of equal length that are worked on side by side; the lanes' values are then joined in
pairs: appending n bytes of zeros to a message is a linear map of its CRC.
"""

import numpy as np
import numpy.typing as npt

_POLYNOMIAL = 0x82F63B78
_MASK_DELTA = 0xA282EAD8
_LANES = 1 << 12
_SHORT = 1 << 14

Words = npt.NDArray[np.uint32]


def _table() -> Words:
    values = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        values = np.where(values & 1, (values >> 1) ^ np.uint32(_POLYNOMIAL), values >> 1).astype(np.uint32)
    return values


_TABLE = _table()
_LIST = _TABLE.tolist()


def crc32c(data: bytes | memoryview) -> int:
    """The CRC-32C of ``data``.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    view = np.frombuffer(data, np.uint8)
    length = len(view) // _LANES
    crc = 0xFFFFFFFF
    if len(view) >= _SHORT:
        lanes = np.ascontiguousarray(view[: length * _LANES].reshape(_LANES, length).T)
        values = np.zeros(_LANES, np.uint32)
        for column in lanes:
            values = _TABLE[(values ^ column) & 0xFF] ^ (values >> np.uint32(8))
        # What the register starts with is one more message in front of the first lane.
        crc = _joined(values, length) ^ int(_apply(_zeros(length * _LANES), np.array([crc], np.uint32))[0])
        view = view[length * _LANES :]
    for byte in view.tolist():
        crc = _LIST[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def masked_crc32c(data: bytes | memoryview) -> int:
    """As LevelDB and TensorFlow store it: rotated and shifted, because data may hold CRCs themselves."""
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & 0xFFFFFFFF


def _joined(values: Words, length: int) -> int:
    """The value of all lanes one after the other, each of ``length`` bytes."""
    step = _zeros(length)
    while len(values) > 1:
        values = _apply(step, values[0::2]) ^ values[1::2]
        step = _apply(step, step)
    return int(values[0])


def _zeros(count: int) -> Words:
    """The map of ``count`` zero bytes, by what becomes of each of the 32 bits."""
    bits = np.uint32(1) << np.arange(32, dtype=np.uint32)
    one = (_TABLE[bits & 0xFF] ^ (bits >> np.uint32(8))).astype(np.uint32)
    result = bits
    while count:
        if count & 1:
            result = _apply(one, result)
        one = _apply(one, one)
        count >>= 1
    return result


def _apply(columns: Words, values: Words) -> Words:
    made = np.zeros_like(values)
    for bit in range(32):
        made ^= np.where((values >> np.uint32(bit)) & 1, columns[bit], np.uint32(0))
    return made
