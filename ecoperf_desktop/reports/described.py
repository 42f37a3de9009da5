"""The catalogue read by people: everything there is to say about a metric, and finding one by any word for it."""

from __future__ import annotations

from ecoperf_desktop import language, paths
from ecoperf_desktop.declarations import declared
from ecoperf_desktop.language import sentence
from ecoperf_desktop.metrics.catalogue import AREAS, Catalogue, parts_of, rollup
from ecoperf_desktop.model.metric import Metric
from ecoperf_desktop.records import dataclass


@dataclass(frozen=True)
class Described:
    """A metric in words: ``lines`` are a heading and its text, in fixed order; empty ones are left out."""

    id: str
    name: str
    area: str
    definition: str
    lines: tuple[tuple[str, str], ...]


def described(metric: Metric, known: Catalogue, spoken: str | None = None) -> Described:
    """Say everything the catalogue knows about ``metric``."""
    spoken = spoken or language.current()

    def say(code: str) -> str:
        return sentence(f"catalogue.{code}", spoken)

    over_time, over_parts = rollup(metric)
    parts = [known.metric(part) for part in parts_of(metric)]
    lines = (
        (say("definition"), metric.definition[spoken]),
        (say("formula"), metric.formula_text[spoken]),
        (say("note"), metric.note.get(spoken, "")),
        (say("aliases"), _listed(metric.aliases, spoken)),
        (say("unit"), say(f"unit_{metric.unit}")),
        (say("direction"), say(f"better_{metric.direction}")),
        (say("over_time"), say(f"rollup_{over_time}")),
        (say("over_parts"), say(f"rollup_{over_parts}")),
        (say("dimensions"), _listed([say(f"dimension_{name}") for name in metric.dimensions], spoken) or say("none")),
        (say("grains"), _listed([say(f"grain_{grain}") for grain in metric.grains], spoken)),
        (say("empty"), say(f"zero_{metric.zero_policy}")),
        (say("needs"), _listed([sentence(f"reports.kind_{kind}", spoken) for kind in metric.needs], spoken)),
        (say("made_of"), _listed([part.name[spoken] for part in parts if not part.internal], spoken)),
        (say("edges"), "\n".join(sentence(f"metrics.catalogue_edge_{rule}", spoken) for rule in metric.edge_rules)),
        (say("source"), "\n".join(_source(key, spoken) for key in metric.sources)),
        (say("id"), metric.id),
    )
    return Described(
        metric.id, metric.name[spoken], say(f"area_{metric.area}"), metric.definition[spoken],
        tuple((head, text) for head, text in lines if text),
    )  # fmt: skip


def find(known: Catalogue, text: str, area: str | None = None) -> list[Metric]:
    """Return the metrics that every word of ``text`` fits, the nearest first: by id, names, other words, definition.

    Words of either language count, whatever the language shown.  Without words, all in the order of the catalogue.
    """
    words = text.lower().split()
    ranked: list[tuple[int, int, Metric]] = []
    for place, metric in enumerate(known.metrics.values()):
        if area is not None and metric.area != area:
            continue
        rank = _rank(metric, words)
        if rank is not None:
            ranked.append((rank, place, metric))
    ranked.sort(key=lambda entry: entry[:2])
    return [metric for _, _, metric in ranked]


def areas(known: Catalogue) -> list[str]:
    """Return the areas that have metrics, in the order of the tabs, a person's own last."""
    there = {metric.area for metric in known.metrics.values()}
    return [area for area in (*AREAS, "own") if area in there]


def _rank(metric: Metric, words: list[str]) -> int | None:
    if not words:
        return 0
    names = [metric.id, *metric.name.values(), *metric.short.values(), *metric.aliases]
    exact = " ".join(words)
    if any(name.lower() == exact for name in names):
        return 0
    called = "\n".join(names).lower()
    if any(name.lower().startswith(exact) for name in names):
        return 1
    if all(word in called for word in words):
        return 2
    everything = "\n".join([called, *metric.definition.values(), *metric.note.values(), *metric.formula_text.values()]).lower()
    return 3 if all(word in everything for word in words) else None


def _source(key: str, spoken: str) -> str:
    entry = declared(paths.resources() / "metrics" / "sources.toml").get(key)
    if not isinstance(entry, dict):
        return key
    told = [str(language.worded(entry.get("title", key), spoken)), str(language.worded(entry.get("publisher", ""), spoken)),
            str(entry.get("year", ""))]  # fmt: skip
    text = ", ".join(part for part in told if part)
    return f"{text} ({sentence('catalogue.level_C', spoken)})" if entry.get("level") == "C" else text


def _listed(words: list[str] | tuple[str, ...], spoken: str) -> str:
    return ("、" if spoken == "zh" else ", ").join(words)
