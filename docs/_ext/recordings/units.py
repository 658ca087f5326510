"""Write seconds and bytes as people read them."""


def duration(seconds: float) -> str:
    """Write seconds with the digits that matter.

    Examples:
        >>> [duration(each) for each in (0.003, 0.25, 4.26, 59.6, 150)]
        ['< 0.01 s', '0.25 s', '4.3 s', '1 min 0 s', '2 min 30 s']
    """
    if seconds < 0.01:
        return "< 0.01 s"
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def size(count: int) -> str:
    """Write a number of bytes in binary units.

    Examples:
        >>> [size(each) for each in (512, 300 * 2**20, 1.5 * 2**30)]
        ['512 B', '300 MiB', '1.5 GiB']
    """
    if count < 2**20:
        return f"{count / 2**10:.0f} KiB" if count >= 2**10 else f"{count} B"
    if count < 2**30:
        return f"{count / 2**20:.0f} MiB"
    return f"{count / 2**30:.1f} GiB"
