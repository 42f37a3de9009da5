"""What goes through the pipe between two processes comes out as it went in, or not at all."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoperf_desktop.importing import wire
from ecoperf_desktop.model.columns import Asserted, Coded, Column, Numbers, Reals

WORDS = st.lists(st.text(), max_size=5, unique=True)


@st.composite
def columns(draw: st.DrawFn, rows: int) -> Column:
    missing = np.array(draw(st.lists(st.booleans(), min_size=rows, max_size=rows)), dtype=bool) if draw(st.booleans()) else None
    match draw(st.sampled_from(["numbers", "reals", "coded"])):
        case "numbers":
            whole = draw(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=rows, max_size=rows))
            return Numbers(np.array(whole, dtype=np.int64), missing)
        case "reals":
            return Reals(np.array(draw(st.lists(st.floats(allow_nan=False), min_size=rows, max_size=rows)), dtype=np.float64), missing)
        case _:
            words = draw(WORDS)
            codes = draw(st.lists(st.integers(-1, len(words) - 1), min_size=rows, max_size=rows))
            return Coded(np.array(codes, dtype=np.int32), words)


@st.composite
def tables(draw: st.DrawFn) -> Asserted:
    rows = draw(st.integers(0, 6))
    names = draw(st.lists(st.sampled_from(["sku", "qty", "gross", "day"]), unique=True, max_size=4))
    return Asserted("order_lines", {name: draw(columns(rows)) for name in names}, np.arange(1, rows + 1, dtype=np.int64))


def _plain(asserted: Asserted) -> object:
    def column(one: Column) -> object:
        if isinstance(one, Coded):
            return "coded", one.codes.tolist(), list(one.words)
        return type(one).__name__, one.values.tolist(), None if one.missing is None else one.missing.tolist()

    return asserted.table, asserted.records.tolist(), {name: column(one) for name, one in asserted.columns.items()}


@given(st.lists(tables(), max_size=3), st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9), st.binary(max_size=20)), max_size=3))
def test_rows_and_texts_come_out_as_they_went_in(sent: list[Asserted], chunks: list[tuple[int, int, bytes]]) -> None:
    pipe = io.BytesIO()
    said, buffers = wire.described(sent, chunks)
    wire.send(pipe, said, buffers)
    wire.send(pipe, {"kind": "end"})
    pipe.seek(0)
    got, got_chunks = wire.rebuilt(*wire.receive(pipe))
    assert [_plain(one) for one in got] == [_plain(one) for one in sent]
    assert got_chunks == chunks
    assert wire.receive(pipe) == ({"kind": "end"}, b"")


@given(st.lists(tables(), min_size=1, max_size=2), st.data())
def test_a_torn_frame_is_no_frame(sent: list[Asserted], data: st.DataObject) -> None:
    pipe = io.BytesIO()
    wire.send(pipe, *wire.described(sent, []))
    whole = pipe.getvalue()
    with pytest.raises(wire.Torn):
        wire.receive(io.BytesIO(whole[: data.draw(st.integers(0, len(whole) - 1))]))


def test_buffers_shorter_than_described_are_refused() -> None:
    said, _ = wire.described([Asserted("orders", {}, np.arange(3, dtype=np.int64))], [])
    with pytest.raises(wire.Torn):
        wire.rebuilt(said, b"")
