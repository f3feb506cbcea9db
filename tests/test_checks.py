from typing import Any

import numpy as np
import pytest

from elmo_tasks.checks import check_count, check_flag, check_number


def test_what_is_right() -> None:
    check_flag(LookupError, one=True, other=False)
    check_count(LookupError, one=1, other=10**9, third=np.int64(7))
    check_count(LookupError, least=0, most=2, optional=True, one=0, other=2, third=None)
    check_number(LookupError, 0, 1, one=0, other=0.5, third=np.float32(1))


@pytest.mark.parametrize("value", ["false", "", 0, 1, None, [], 0.0, np.bool_(True)])
def test_what_is_no_flag(value: Any) -> None:
    with pytest.raises(LookupError, match=r"^skip is .*; it must be true or false\.$"):
        check_flag(LookupError, good=True, skip=value)


@pytest.mark.parametrize("value", [0, 6, -1, True, 2.0, 1.9, "3", None, [], float("nan"), 10**400])
def test_what_is_no_count(value: Any) -> None:
    with pytest.raises(LookupError, match=r"^layers is .*; it must be a whole number, 1 to 5\.$"):
        check_count(LookupError, most=5, good=1, layers=value)


@pytest.mark.parametrize("value", [-0.1, 1.1, True, "0.5", None, [], float("nan"), float("inf"), 10**400, 1j])
def test_what_is_no_number(value: Any) -> None:
    with pytest.raises(LookupError, match=r"^dropout is .*; it must be a number, 0 to 1\.$"):
        check_number(LookupError, 0, 1, good=1, dropout=value)


def test_ranges_are_said() -> None:
    with pytest.raises(LookupError, match=r"^size is 0; it must be a whole number, 1 or more, or null\.$"):
        check_count(LookupError, optional=True, size=0)
