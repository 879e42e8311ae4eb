"""Writes a HEIC photo in tiles, as telephones do (ISO/IEC 14496-12, 23008-12); no library at hand can."""

import re
import struct
from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np

SIDE = 64  # of a tile, in pixels

_SPS = 33
_PARAMETER_SETS = (32, _SPS, 34)


def heic(rows: Sequence[Sequence[int]], size: tuple[int, int], turns: int = 0) -> bytes:
    """Grey tiles, cut to (width, height) and shown turned by `turns` quarters anti-clockwise."""
    greys = [grey for row in rows for grey in row]
    tiles = [_tile(grey) for grey in greys]
    grid = struct.pack(">BBBBHH", 0, 0, len(rows) - 1, len(rows[0]) - 1, *size)
    ids = range(2, 2 + len(tiles))
    properties = [tiles[0][0], _full("ispe", struct.pack(">II", SIDE, SIDE)), _full("ispe", struct.pack(">II", *size))]
    properties.append(_box("irot", bytes([turns])))
    owned = [(1, (3, 4)), *((number, (1, 2)) for number in ids)]
    head = _box("ftyp", b"heic\0\0\0\0mif1heic")

    def meta(start: int) -> bytes:
        content = [grid, *(sample for _, sample in tiles)]
        offsets = [start + sum(map(len, content[:n])) for n in range(len(content))]
        places = b"".join(
            struct.pack(">HHHII", number, 0, 1, offset, len(data))
            for number, offset, data in zip([1, *ids], offsets, content, strict=True)
        )
        items = [_full("infe", struct.pack(">HH4s", 1, 0, b"grid") + b"\0", 2)]
        items += [_full("infe", struct.pack(">HH4s", number, 0, b"hvc1") + b"\0", 2) for number in ids]
        used = b"".join(struct.pack(f">HB{len(of)}B", number, len(of), *of) for number, of in owned)
        return _full(
            "meta",
            _full("hdlr", struct.pack(">I4s13x", 0, b"pict"))
            + _full("pitm", struct.pack(">H", 1))
            + _full("iloc", struct.pack(">HH", 0x4400, len(content)) + places)
            + _full("iinf", struct.pack(">H", len(items)) + b"".join(items))
            + _full("iref", _box("dimg", struct.pack(f">HH{len(tiles)}H", 1, len(tiles), *ids)))
            + _box("iprp", _box("ipco", b"".join(properties)) + _full("ipma", struct.pack(">I", len(owned)) + used)),
        )

    before = len(head) + len(meta(0)) + 8
    return head + meta(before) + _box("mdat", grid + b"".join(sample for _, sample in tiles))


def _tile(grey: int) -> tuple[bytes, bytes]:
    """(decoder configuration box, sample) of one HEVC key frame."""
    encoder = av.VideoCodecContext.create("libx265", "w")
    encoder.width = encoder.height = SIDE
    encoder.pix_fmt, encoder.framerate = "yuvj420p", Fraction(1)
    encoder.options = {"x265-params": "log-level=none:range=full:info=0"}
    frame = av.VideoFrame.from_ndarray(np.full((SIDE * 3 // 2, SIDE), 128, np.uint8), "yuvj420p")
    np.asarray(frame.planes[0])[:] = grey
    encoded = b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode()])
    units = [unit for unit in re.split(rb"\x00?\x00\x00\x01", encoded) if unit]
    parameters = {kind: unit for unit in units if (kind := unit[0] >> 1) in _PARAMETER_SETS}
    arrays = [struct.pack(">BHH", 0x80 | kind, 1, len(unit)) + unit for kind, unit in parameters.items()]
    profile = parameters[_SPS][3:15]
    fixed = b"\1" + profile + bytes.fromhex("f000 fc fd f8 f8 0000 0f") + bytes([len(arrays)])
    sample = b"".join(struct.pack(">I", len(unit)) + unit for unit in units if unit not in parameters.values())
    return _box("hvcC", fixed + b"".join(arrays)), sample


def _box(kind: str, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind.encode()) + content


def _full(kind: str, content: bytes, version: int = 0) -> bytes:
    return _box(kind, struct.pack(">I", version << 24) + content)
