"""What is compiled for Lambda: the code as it is written, without what only people read."""

import marshal
from types import FunctionType

import pytest

from ops.deploy.bytecode import compiled

SOURCE = b'''"""Says what the module is for."""

from __future__ import annotations


class Tenant:
    """Says what a tenant is."""

    def pays(self, cents: int) -> int:
        """Say how much."""
        assert cents > 0, "nobody is paid"
        return cents


class Unpaid(Exception):
    """Has nothing but a docstring."""


async def later() -> str:
    """Wait."""
    return "an answer"
'''
HEADER = 16


def loaded() -> dict:
    names: dict = {"__name__": "tenant"}
    exec(marshal.loads(compiled(SOURCE, "/var/task/tenant.py")[HEADER:]), names)
    return names


def test_no_docstring_is_in_it():
    assert b"Say" not in compiled(SOURCE, "/var/task/tenant.py")
    assert loaded()["Tenant"].__doc__ is None


def test_what_has_only_a_docstring_is_whole():
    assert issubclass(loaded()["Unpaid"], Exception)


def test_other_text_stays():
    assert b"an answer" in compiled(SOURCE, "/var/task/tenant.py")


def test_assertions_stay():
    with pytest.raises(AssertionError, match="nobody is paid"):
        loaded()["Tenant"]().pays(0)


def test_tracebacks_name_the_lines_of_the_source():
    pays = loaded()["Tenant"].pays
    assert isinstance(pays, FunctionType)
    assert pays.__code__.co_filename == "/var/task/tenant.py"
    assert SOURCE.splitlines()[pays.__code__.co_firstlineno - 1].strip().startswith(b"def pays")
    assert [line for _, _, line in pays.__code__.co_lines() if line][-1] == 12


def test_lambda_uses_it_whatever_the_source_s_date():
    flags = int.from_bytes(compiled(SOURCE, "/var/task/tenant.py")[4:8], "little")
    assert flags == 0b01  # PEP 552: by hash, and unchecked
