"""Frozen dataclasses that are quick to declare: what the window needs before its first paint is some hundred.

To the type checker ``records.dataclass`` is the standard one.  When it runs, a class shares its comparison, hash and
text with all others instead of having them compiled, and its ``__init__`` is compiled when its first object is made.
Declaring a class takes a tenth of the standard decorator's time; objects, ``replace``, ``fields``, ``asdict`` and
patterns are as ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    import dataclasses
    from operator import attrgetter
    from reprlib import recursive_repr

    def dataclass(*, frozen):
        """Return the decorator; only frozen classes are made here, the standard module makes the others."""
        if not frozen:
            raise TypeError("records are frozen")
        return _declare

    def _declare(cls):
        if not cls.__doc__:
            cls.__doc__ = cls.__name__  # or the standard decorator asks for the signature, which takes long
        own = {name for name, method in cls.__dict__.items() if method is not None}
        dataclasses.dataclass(init=False, repr=False, eq=False)(cls)
        shared = {"__init__": _first_init(cls), "__repr__": _repr, "__setattr__": _refuse_setting, "__delattr__": _refuse_deleting}
        compared = [field.name for field in dataclasses.fields(cls) if field.compare]
        # With one name the getter gives the value itself, which compares and hashes as well.
        shared["__eq__"], shared["__hash__"] = _comparison(attrgetter(*compared) if compared else lambda record: ())
        for name, method in shared.items():
            if name not in own:
                setattr(cls, name, method)
        return cls

    def _first_init(cls):
        def __init__(self, *given, **named):
            cls.__init__ = _written_init(cls)
            cls.__init__(self, *given, **named)

        return __init__

    def _written_init(cls):
        """Compile an ``__init__`` like the standard decorator's, which puts all fields at once: a page makes thousands."""
        known, wanted, body = {}, [], []
        for field in dataclasses.fields(cls):
            name = field.name
            if field.default is not dataclasses.MISSING:
                known[f"_default_{name}"] = field.default
                wanted.append(f"{name}=_default_{name}")
            elif field.default_factory is not dataclasses.MISSING:
                known[f"_default_{name}"], known["_absent"] = field.default_factory, _ABSENT
                wanted.append(f"{name}=_absent")
                body.append(f" if {name} is _absent: {name} = _default_{name}()")
            else:
                wanted.append(name)
        # One by one is quickest for a few fields, together for many.
        names = [field.name for field in dataclasses.fields(cls)]
        if len(names) <= _FEW:
            body += [" put = self.__dict__", *(f" put[{name!r}] = {name}" for name in names)]
        else:
            body.append(f" self.__dict__.update({', '.join(f'{name}={name}' for name in names)})")
        if hasattr(cls, "__post_init__"):
            body.append(" self.__post_init__()")
        # Of names of fields only, as the standard decorator does.
        exec("\n".join((f"def __init__({', '.join(('self', *wanted))}):", *body, " return None")), known)  # noqa: S102
        made = known["__init__"]
        made.__qualname__ = f"{cls.__qualname__}.__init__"
        return made

    def _comparison(values):
        def __eq__(self, other):
            return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

        def __hash__(self):
            return hash(values(self))

        return __eq__, __hash__

    @recursive_repr()
    def _repr(self):
        shown = ", ".join(f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr)
        return f"{self.__class__.__qualname__}({shown})"

    def _refuse_setting(self, name, value):
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

    def _refuse_deleting(self, name):
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

    _ABSENT = object()
    _FEW = 12
