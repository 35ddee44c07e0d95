"""Rows of the report's tables in words and digits, as the templates print them."""

from dataclasses import dataclass

from validation.document import EndpointLine, Figure, Interaction, Signed, SubgroupLine
from validation.report import digits, terms
from validation.report.wording import WORDS, interval, metric, position, sentence, term

_VERDICT_CLASSES = {"met": "met", "not met": "not-met", "described": "described"}


@dataclass(frozen=True, slots=True)
class Numbers:
    """A figure in digits. Without an estimate, `reason` stands in place of everything but `n`."""

    estimate: str
    interval: str
    level: str
    n: str
    method: str
    seed: str
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """An endpoint, a level of a subgroup or a measure of explanations."""

    name: str
    about: str
    numbers: Numbers
    goal: str = ""
    verdict: str = ""
    verdict_class: str = ""
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Test:
    """A test of interaction."""

    attribute: str
    test: str
    statistic: str
    degrees: str
    p: str
    adjusted: str


def numbers(figure: Figure, language: str, *, limits: tuple[float, ...] = ()) -> Numbers:
    """`figure` in digits; a bound is never rounded onto one of `limits`."""
    places = digits.decimals((figure.estimate, figure.low, figure.high))
    estimate = bounds = ""
    if figure.estimate is not None:
        estimate = digits.number(figure.estimate, places)
        if figure.low is not None and figure.high is not None:
            low, high = (digits.apart(bound, limits, places) for bound in (figure.low, figure.high))
            bounds = interval(low, high, language)
    return Numbers(
        estimate,
        bounds,
        digits.percent(figure.level),
        digits.count(figure.n),
        figure.method,
        "" if figure.seed is None else str(figure.seed),
        figure.reason,
    )


def kept_to(line: EndpointLine) -> list[str]:
    """The attributes of the cases that an endpoint is kept to: "sex F"."""
    return [f"{name} {level}" for name, level in line.where.items()]


def endpoint(line: EndpointLine, language: str) -> Row:
    """An endpoint of the protocol."""
    limits = _limits(line)
    shown = numbers(line.figure, language, limits=limits)
    low, high = _bounds(line.figure, limits)
    limit = digits.exact(line.limit)
    population = term(terms.POPULATIONS, line.population, language)
    named = metric(line.metric, language)
    about = " · ".join(
        filter(None, (named if named != line.name else "", line.of, *kept_to(line), population))
    )
    return Row(
        line.name,
        about,
        shown,
        goal=term(terms.GOALS, line.goal, language).format(limit=limit),
        verdict=term(terms.VERDICTS, line.verdict, language),
        verdict_class=_VERDICT_CLASSES.get(line.verdict, "open"),
        sentence=sentence(
            line.goal, line.verdict, written=line.sentence, language=language, low=low, high=high, limit=limit
        ),
    )


def subgroup(line: SubgroupLine, language: str) -> Row:
    """A level of an attribute."""
    attribute = term(terms.ATTRIBUTES, line.attribute, language)
    return Row(
        line.level or WORDS["not_stated"][position(language)], attribute, numbers(line.figure, language)
    )


def measure(name: str, figure: Figure, language: str) -> Row:
    """A measure of the explanations."""
    return Row(metric(name, language), "", numbers(figure, language))


def interaction(found: Interaction, language: str) -> Test:
    """A test of interaction."""
    adjusted = digits.probability(found.adjusted)
    return Test(
        term(terms.ATTRIBUTES, found.attribute, language),
        found.test,
        digits.number(found.statistic, 2),
        str(found.degrees),
        digits.probability(found.p),
        f"{adjusted} ({found.adjustment})" if found.adjustment else adjusted,
    )


def verdict(value: str, language: str) -> tuple[str, str]:
    """A verdict in words, and the class that it is printed in."""
    return term(terms.VERDICTS, value, language), _VERDICT_CLASSES.get(value, "open")


def signature(signed: Signed) -> dict[str, str]:
    """Who signed, what that means, when, and over which digest."""
    return {
        "name": signed.name,
        "meaning": signed.meaning,
        "at": digits.moment(signed.at),
        "digest": signed.digest,
    }


def _limits(line: EndpointLine) -> tuple[float, ...]:
    """Where the bounds of the interval are compared with."""
    return {
        "described": (),
        "within": (-line.limit, line.limit),
        "non-inferior": (-line.limit,),
        "superior": (0.0,),
    }.get(line.goal, (line.limit,))


def _bounds(figure: Figure, limits: tuple[float, ...]) -> tuple[str, str]:
    places = digits.decimals((figure.estimate, figure.low, figure.high))
    low, high = (
        "" if bound is None else digits.apart(bound, limits, places) for bound in (figure.low, figure.high)
    )
    return low, high
