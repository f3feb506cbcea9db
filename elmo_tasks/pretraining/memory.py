"""The process's own memory between the steps of a training."""

import ctypes

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""Of glibc's malloc.h."""


def keep_freed_memory() -> bool:
    """
    Tells glibc to keep what is freed for what is needed next, until the process ends.

    By default it gives large blocks back to the system at once, and each step gets them anew page by page, all zeroed:
    19,000 pages and 96 of a step's 810 ms of processor time (the biLM "mini" in bfloat16, AMD EPYC, a virtual machine).
    Kept, it is 620 ms in all, at 30 MB more at the peak.

    # Returns

    `bool`
        Whether this is glibc, and it does so; elsewhere nothing changes.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return False
    return bool(mallopt(_MMAP_MAX, 0) and mallopt(_TRIM_THRESHOLD, 2**31 - 1))
