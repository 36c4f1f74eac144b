"""What Weir computes of keys and names, in numpy: slots of keys, and hashes of names and features."""

import numpy as np

SLOT_COUNT = 1024

MASK = (1 << 64) - 1
PRIMES = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5)


def slots_of(keys: np.ndarray) -> np.ndarray:
    """Slot (0 to 1,023) of each key: MurmurHash3's fmix64, its top 10 bits."""
    k = keys.astype(np.uint64)
    k ^= k >> np.uint64(33)
    k *= np.uint64(0xFF51AFD7ED558CCD)
    k ^= k >> np.uint64(33)
    k *= np.uint64(0xC4CEB9FE1A85EC53)
    k ^= k >> np.uint64(33)
    return (k >> np.uint64(54)).astype(np.uint16)


def slot_of_name(name: str) -> int:
    """Slot of a name: its home, where a table is created first."""
    return int(slots_of(np.array([xxh64(name)], dtype=np.uint64))[0])


def numeric_key(name: str) -> int:
    """Key of a numeric feature; its weight is the number."""
    return xxh64(name)


def categorical_key(name: str, value: str) -> int:
    """Key of a categorical feature's value."""
    return xxh64(value, xxh64(name))


def xxh64(text: str, seed: int = 0) -> int:
    """XXH64 (Yann Collet) of the text's UTF-8 bytes."""
    data = text.encode()
    p1, p2, p3, p4, p5 = PRIMES
    at = 0
    if len(data) < 32:
        h = seed + p5
    else:
        lanes = [seed + p1 + p2, seed + p2, seed, seed - p1]
        while at + 32 <= len(data):
            lanes = [_round(lane, _word(data, at + 8 * i)) for i, lane in enumerate(lanes)]
            at += 32
        h = sum(_rotate(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18)))
        for lane in lanes:
            h = (h ^ _round(0, lane)) * p1 + p4
    h = (h + len(data)) & MASK
    while at + 8 <= len(data):
        h = _rotate(h ^ _round(0, _word(data, at)), 27) * p1 + p4 & MASK
        at += 8
    if at + 4 <= len(data):
        h = _rotate(h ^ (_word(data, at, 4) * p1 & MASK), 23) * p2 + p3 & MASK
        at += 4
    for byte in data[at:]:
        h = _rotate(h ^ (byte * p5 & MASK), 11) * p1 & MASK
    h = (h ^ h >> 33) * p2 & MASK
    h = (h ^ h >> 29) * p3 & MASK
    return h ^ h >> 32


def _word(data: bytes, at: int, size: int = 8) -> int:
    return int.from_bytes(data[at : at + size], "little")


def _rotate(value: int, bits: int) -> int:
    value &= MASK
    return (value << bits | value >> (64 - bits)) & MASK


def _round(lane: int, word: int) -> int:
    return _rotate(lane + word * PRIMES[1], 31) * PRIMES[0] & MASK
