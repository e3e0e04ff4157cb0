"""A network that is small enough to be written down here, for what takes an ONNX file."""


def tiny_network():
    """Return an ONNX file's content: of a picture of 1 x 3 x 112 x 112 the mean of each colour."""
    pool = _message((1, b"picture"), (2, b"means"), (4, b"GlobalAveragePool"))
    flatten = _message((1, b"means"), (2, b"vector"), (4, b"Flatten"))
    ends = (11, _tensor(b"picture", 1, 3, 112, 112)), (12, _tensor(b"vector", 1, 3))
    graph = _message((1, pool), (1, flatten), (2, b"tiny"), *ends)
    return _message((1, 8), (7, graph), (8, _message((2, 13))))


def _tensor(name, *shape):
    """Return a named tensor of 32-bit numbers."""
    sizes = _message(*((1, _message((1, size))) for size in shape))
    return _message((1, name), (2, _message((1, _message((1, 1), (2, sizes))))))


def _message(*fields):
    """Return protocol buffers' form of numbered fields, each a number or bytes."""
    return b"".join(
        _varint(number << 3) + _varint(value)
        if isinstance(value, int)
        else _varint(number << 3 | 2) + _varint(len(value)) + value
        for number, value in fields
    )


def _varint(number):
    least = bytes([number & 127 | (128 if number > 127 else 0)])
    return least + (_varint(number >> 7) if number > 127 else b"")
