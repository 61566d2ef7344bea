"""Vectors of LANES float64 for numba kernels: the same operation on many pixels at once.

A loop over a short fixed number of lanes is unrolled by LLVM before it is vectorised, and two rows of one array are not known to be
distinct, so the plain loop stays scalar (measured: 2.5 to 4 times slower). Here a group of lanes is one value of an LLVM vector type,
held in registers. Operations round as IEEE ones do, and a product whose only use is a sum may be fused with it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import extending
from numba.core import types
from numba.extending import models, overload, register_model

LANES = 16
intrinsic: Any = extending.intrinsic  # its stub does not know that the typing context is not an argument of the call
_DOUBLE = ir.DoubleType()
_VECTOR = ir.VectorType(_DOUBLE, LANES)
_FUSE = ("contract",)


class LanesType(types.Type):
    """Type of a group of lanes in a kernel."""

    def __init__(self) -> None:
        super().__init__(name=f"Lanes{LANES}")


LANES_TYPE = LanesType()


@register_model(LanesType)
class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)


def _check(array: Any) -> None:
    if array.layout != "C" or array.ndim != 2:
        raise TypeError("lanes are taken from C-contiguous 2-D arrays only")


def _place(context: Any, builder: Any, kind: Any, array: Any, row: Any, column: Any) -> Any:
    """Pointer to (row, column) of a C-contiguous 2-D array; no wrap-around, no bounds."""
    made = context.make_array(kind)(context, builder, array)
    width = builder.extract_value(made.shape, 1)
    offset = builder.add(builder.mul(row, width), column) if column is not None else builder.mul(row, width)
    return builder.gep(made.data, [offset])


def _vector_of(builder: Any, pointer: Any, kind: Any) -> Any:
    element = ir.FloatType() if kind.dtype == types.float32 else _DOUBLE
    loaded = builder.load(builder.bitcast(pointer, ir.VectorType(element, LANES).as_pointer()))
    loaded.align = 4 if kind.dtype == types.float32 else 8
    return builder.fpext(loaded, _VECTOR) if kind.dtype == types.float32 else loaded


@intrinsic
def load(typing: Any, array: Any, row: Any) -> Any:
    """Row of a (number, LANES) array."""
    _check(array)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _vector_of(builder, _place(context, builder, signature.args[0], args[0], args[1], None), signature.args[0])

    return LANES_TYPE(array, types.intp), generate


@intrinsic
def store(typing: Any, array: Any, row: Any, value: Any) -> Any:
    """Write a row of a (number, LANES) float64 array."""
    _check(array)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = _place(context, builder, signature.args[0], args[0], args[1], None)
        builder.store(args[2], builder.bitcast(pointer, _VECTOR.as_pointer())).align = 8
        return context.get_dummy_value()

    return types.void(array, types.intp, value), generate


@intrinsic
def read(typing: Any, array: Any, row: Any, column: Any) -> Any:
    """LANES values of a row from a column on, float32 or float64."""
    _check(array)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _vector_of(builder, _place(context, builder, signature.args[0], args[0], args[1], args[2]), signature.args[0])

    return LANES_TYPE(array, types.intp, types.intp), generate


@intrinsic
def write(typing: Any, array: Any, row: Any, column: Any, value: Any) -> Any:
    """Write LANES values of a row from a column on, float64."""
    _check(array)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = _place(context, builder, signature.args[0], args[0], args[1], args[2])
        builder.store(args[3], builder.bitcast(pointer, _VECTOR.as_pointer())).align = 8
        return context.get_dummy_value()

    return types.void(array, types.intp, types.intp, value), generate


@intrinsic
def fill(typing: Any, value: Any) -> Any:
    """The same value in every lane."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _spread(builder, args[0])

    return LANES_TYPE(types.float64), generate


def _spread(builder: Any, value: Any) -> Any:
    one = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(
        one, ir.Constant(_VECTOR, ir.Undefined), ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    )


def _binary(name: str, make: Callable[[Any, Any, Any], Any]) -> Any:
    @intrinsic
    def operation(typing: Any, one: Any, two: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            sides = [v if k == LANES_TYPE else _spread(builder, v) for v, k in zip(args, signature.args, strict=True)]
            return make(builder, *sides)

        kinds = [k if k == LANES_TYPE else types.float64 for k in (one, two)]
        return LANES_TYPE(*kinds), generate

    operation.__name__ = name
    return operation


_add = _binary("_add", lambda b, x, y: b.fadd(x, y, flags=_FUSE))
_subtract = _binary("_subtract", lambda b, x, y: b.fsub(x, y, flags=_FUSE))
_multiply = _binary("_multiply", lambda b, x, y: b.fmul(x, y, flags=_FUSE))
_divide = _binary("_divide", lambda b, x, y: b.fdiv(x, y))
maximum = _binary("maximum", lambda b, x, y: b.select(b.fcmp_ordered(">", x, y), x, y))
minimum = _binary("minimum", lambda b, x, y: b.select(b.fcmp_ordered("<", x, y), x, y))


def _overload(symbol: Any, run: Any) -> None:
    @overload(symbol)
    def choose(one, two):  # type: ignore[no-untyped-def]  # numba compares its signature with the lambda's
        if LANES_TYPE in (one, two):
            return lambda one, two: run(one, two)
        return None


for _symbol, _run in ((operator.add, _add), (operator.sub, _subtract), (operator.mul, _multiply), (operator.truediv, _divide)):
    _overload(_symbol, _run)


def _call(name: str) -> Any:
    @intrinsic
    def operation(typing: Any, value: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            kind = ir.FunctionType(_VECTOR, [_VECTOR])
            full = f"llvm.{name}.v{LANES}f64"
            found = builder.module.globals.get(full) or ir.Function(builder.module, kind, name=full)
            return builder.call(found, args)

        return LANES_TYPE(value), generate

    return operation


root, absolute, floor = _call("sqrt"), _call("fabs"), _call("floor")


@intrinsic
def less(typing: Any, one: Any, two: Any, yes: Any, no: Any) -> Any:
    """``yes`` in the lanes where one < two (never where one of them is NaN), else ``no``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered("<", args[0], args[1]), args[2], args[3])

    return LANES_TYPE(one, two, yes, no), generate


@intrinsic
def finite(typing: Any, value: Any, yes: Any, no: Any) -> Any:
    """``yes`` in the lanes where the value is finite, else ``no``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        zero = builder.fsub(args[0], args[0])
        return builder.select(builder.fcmp_ordered("==", zero, ir.Constant(_VECTOR, [0.0] * LANES)), args[1], args[2])

    return LANES_TYPE(value, yes, no), generate


@intrinsic
def least_lane(typing: Any, value: Any) -> Any:
    """The smallest value of all lanes."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        low = builder.extract_element(args[0], ir.Constant(ir.IntType(32), 0))
        for lane in range(1, LANES):
            other = builder.extract_element(args[0], ir.Constant(ir.IntType(32), lane))
            low = builder.select(builder.fcmp_ordered("<", other, low), other, low)
        return low

    return types.float64(value), generate
