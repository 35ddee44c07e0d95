"""The cases that went wrong, the worst first, with their pictures: figures alone tell nobody why."""

import base64
from collections.abc import Callable, Iterator, Mapping

from validation.answers import Answers
from validation.case_result import CaseResult, Ending
from validation.dataset import Case
from validation.document import Failure

MOST = 12

# The picture of a case as PNG; empty where there is none.
Picture = Callable[[Case], bytes]


def failures(answers: Answers, results: Mapping[str, CaseResult], *, picture: Picture) -> Iterator[Failure]:
    """At most MOST cases of one output that were wrongly called, or that gave no result."""
    wrong = [
        (distance, case)
        for case, truth, call, score in zip(
            answers.cases, answers.truth, answers.call, answers.score, strict=True
        )
        if (distance := abs(score - truth)) > 0 and (call, truth) in {(1.0, 0.0), (0.0, 1.0)}
    ]
    without = [case for case in answers.cases if results[case.case].ending is not Ending.ANALYSED]
    worst = [case for _distance, case in sorted(wrong, key=lambda one: (-one[0], one[1].case))]
    for case in [*without, *worst][:MOST]:
        result = results[case.case]
        score = result.scores.get(answers.output)
        said = result.calls.get(answers.output, "")
        yield Failure(
            case=case.case,
            ending=result.ending,
            truth=f"{answers.output}: {'present' if case.truth.labels.get(answers.output) else 'absent'}",
            said=f"{said} ({score:.3f})" if score is not None else "",
            reasons=result.reasons,
            picture=base64.b64encode(picture(case)).decode(),
        )
