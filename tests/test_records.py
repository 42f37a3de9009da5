"""Records behave as the standard frozen dataclasses do; only declaring them is quicker."""

from __future__ import annotations

import copy
import dataclasses
from dataclasses import field

import pytest

from ecoperf_desktop import records


def declared(decorator):  # type: ignore[no-untyped-def]
    @decorator(frozen=True)
    class Parcel:
        """A parcel."""

        number: str
        weight: int = 3
        lines: list[int] = field(default_factory=list)
        seen: dict[str, int] = field(default_factory=dict, repr=False, compare=False)

        @property
        def heavy(self) -> bool:
            return self.weight > 10

    Parcel.__qualname__ = "Parcel"
    return Parcel


@pytest.fixture(params=[dataclasses.dataclass, records.dataclass], ids=["standard", "record"])
def parcel(request):  # type: ignore[no-untyped-def]
    return declared(request.param)


def test_a_record_is_made_of_given_and_default_values(parcel) -> None:  # type: ignore[no-untyped-def]
    made = parcel("A", lines=[1])
    assert (made.number, made.weight, made.lines, made.seen, made.heavy) == ("A", 3, [1], {}, False)
    assert parcel("B").lines is not parcel("C").lines
    assert parcel("D", 11).heavy


def test_a_record_refuses_wrong_arguments(parcel) -> None:  # type: ignore[no-untyped-def]
    for given, named in (((), {}), (("A", 1, [], {}, 5), {}), (("A",), {"colour": "red"}), (("A",), {"number": "B"})):
        with pytest.raises(TypeError):
            parcel(*given, **named)


def test_a_record_cannot_be_changed(parcel) -> None:  # type: ignore[no-untyped-def]
    made = parcel("A")
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.weight = 4
    with pytest.raises(dataclasses.FrozenInstanceError):
        del made.weight
    assert made.weight == 3


def test_records_compare_by_their_compared_fields_and_class(parcel) -> None:  # type: ignore[no-untyped-def]
    assert parcel("A", seen={"x": 1}) == parcel("A")
    assert parcel("A") != parcel("A", 4)
    assert parcel("A") != declared(records.dataclass)("A")
    assert parcel("A") != "A"


def test_records_of_hashable_values_are_keys() -> None:
    for decorator in (dataclasses.dataclass, records.dataclass):

        @decorator(frozen=True)
        class Key:
            name: str
            part: tuple[int, ...] = ()

        assert {Key("a"): 1}[Key("a")] == 1  # type: ignore[index]
        assert hash(Key("a", (1,))) == hash(Key("a", (1,)))
        assert Key.__match_args__ == ("name", "part")  # type: ignore[attr-defined]


def test_a_record_tells_what_it_holds(parcel) -> None:  # type: ignore[no-untyped-def]
    assert repr(parcel("A", lines=[1])) == "Parcel(number='A', weight=3, lines=[1])"


def test_the_tools_of_dataclasses_take_records(parcel) -> None:  # type: ignore[no-untyped-def]
    made = parcel("A")
    assert [known.name for known in dataclasses.fields(made)] == ["number", "weight", "lines", "seen"]
    assert dataclasses.replace(made, weight=9) == parcel("A", 9)
    assert dataclasses.asdict(made) == {"number": "A", "weight": 3, "lines": [], "seen": {}}
    assert copy.deepcopy(made) == copy.copy(made) == made


def test_a_class_below_a_record_is_made_as_the_record(parcel) -> None:  # type: ignore[no-untyped-def]
    class Letter(parcel):  # type: ignore[misc]
        pass

    assert Letter("A", 2).weight == 2
    assert isinstance(Letter("A"), Letter)
    assert Letter("A") != parcel("A")


def test_only_frozen_records_are_made() -> None:
    with pytest.raises(TypeError):
        records.dataclass(frozen=False)
