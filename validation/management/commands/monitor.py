"""`manage.py monitor`: plans, baselines, rounds, problems and periodic reports of what is in use."""

import getpass
import socket
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from audit.actors import acting
from audit.signing_keys import Person
from samd.records import registry
from samd.records.models import ModelVersion
from validation.metrics.estimate import NotEstimable
from validation.models import Run
from validation.monitoring import assessing, design, problems, reading, reporting, rounds
from validation.monitoring.observations import Observation
from validation.monitoring.plan import Baseline, Plan, PlanRefused, parse, read_plan
from validation.monitoring.problems import Link, ProblemRefused
from validation.monitoring_models import MonitoringPlan, Problem, ProblemLink
from validation.report import PdfRefused

REFUSALS = (PlanRefused, ProblemRefused, PdfRefused, reporting.ReportRefused, registry.NotSuspended)


class Command(BaseCommand):
    help = "Watch the models in use by a signed plan."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        plan = actions.add_parser("plan", help="check a plan, register it to be signed, list plans")
        plans = plan.add_subparsers(dest="what", required=True)
        plans.add_parser("check", help="say what the plan watches").add_argument("file", type=Path)
        registering = plans.add_parser("register", help="keep the plan as a record that waits for signatures")
        registering.add_argument("file", type=Path)
        registering.add_argument("--author", required=True, help="user name of who wrote it")
        plans.add_parser("list", help="list the plans, and since when each holds")
        baseline = actions.add_parser("baseline", help="set the limits of a draft from clean studies")
        baseline.add_argument("draft", type=Path)
        baseline.add_argument("--since", type=date.fromisoformat, help="clean from this day on")
        baseline.add_argument("--until", type=date.fromisoformat, help="and before this day")
        baseline.add_argument("--run", type=int, help="a validation run, for what it measured")
        baseline.add_argument("--out", type=Path, help="write the plan here; without, it is printed")
        actions.add_parser("run", help="count what is new, and act on breaches")
        _add_problems(actions.add_parser("problem", help="open, link or close a problem record"))
        actions.add_parser("problems", help="list the problem records")
        resuming = actions.add_parser("resume", help="put a suspended version back in force")
        resuming.add_argument("digest", help="of the version, or its beginning")
        resuming.add_argument("--reason", required=True, help="why; it is recorded")
        reported = actions.add_parser("report", help="draw up the periodic report of a plan")
        reported.add_argument("plan", help="name of the plan")
        reported.add_argument("--since", type=date.fromisoformat, required=True, help="the first day")
        reported.add_argument(
            "--until", type=date.fromisoformat, required=True, help="the day after the last"
        )
        reported.add_argument("--out", type=Path, required=True, help="folder for the files")

    def handle(self, *args: Any, **options: Any) -> None:
        actions: dict[str, Callable[[dict[str, Any]], None]] = {
            "plan": lambda given: getattr(self, f"_plan_{given['what']}")(given),
            "problem": lambda given: getattr(self, f"_problem_{given['what']}")(given),
            "baseline": self._baseline,
            "run": self._run,
            "problems": self._problems,
            "resume": self._resume,
            "report": self._report,
        }
        try:
            if options["action"] == "run":  # the device's own work
                self._run(options)
                return
            with acting(_operator(), address=socket.gethostname()):
                actions[options["action"]](options)
        except REFUSALS as refusal:
            raise CommandError(str(refusal)) from refusal

    def _plan_check(self, options: dict[str, Any]) -> None:
        plan = read_plan(options["file"])
        said = plan.false_alarms
        self.stdout.write(f"{plan.name} {plan.version}, SHA-256 {plan.digest}")
        self.stdout.write(
            f"each chart: a false alarm with a probability of at most {said.probability:g} "
            f"in {said.studies} clean studies"
        )
        for stream in plan.streams:
            found = plan.baselines.get(stream.name)
            limit = _limit(found) if found else "no limit yet"
            groups = ", ".join(stream.by)
            self.stdout.write(f"  {stream.name}: {stream.rule}, by {groups}; {limit}; {stream.on_breach}")
        if not plan.is_complete:
            self.stdout.write("a draft: set its limits with `manage.py monitor baseline`")

    def _plan_register(self, options: dict[str, Any]) -> None:
        path: Path = options["file"]
        user = User.objects.filter(username=options["author"]).first()
        if user is None:
            raise CommandError(f"there is no account {options['author']}")
        author = Person(user.pk, user.get_username(), user.get_full_name(), frozenset())
        plan = read_plan(path)
        row = rounds.register(plan, path.read_bytes(), author=author, now=timezone.now())
        self.stdout.write(f"{row.record.subject} waits for its signatures; the plan holds from the last on")

    def _plan_list(self, options: dict[str, Any]) -> None:
        for row in MonitoringPlan.objects.select_related("record"):
            since = rounds.signed_since(row)
            holds = f"signed {since:%Y-%m-%d %H:%M}" if since else "not signed"
            self.stdout.write(f"{row.name:24} {row.version:8} {row.digest[:16]}  {holds}")

    def _baseline(self, options: dict[str, Any]) -> None:
        path: Path = options["draft"]
        plan = read_plan(path)
        if plan.clean is not None or plan.baselines:
            raise CommandError(f"{path.name} has limits already; a draft has none")
        clean, source = _clean(plan, options)
        baselines: dict[str, Baseline] = {}
        for stream in plan.streams:
            try:
                baselines[stream.name] = design.baseline_of(plan, stream, design.values_of(stream, clean))
            except (NotEstimable, ValueError) as problem:
                raise CommandError(f"{stream.name}: no limit: {problem}") from problem
        text = path.read_bytes().decode() + design.rendered(
            design.clean_of(plan, clean, source=source), baselines
        )
        parse(text.encode(), name=path.name)  # what is written can be read
        if options["out"] is None:
            self.stdout.write(text)
            return
        options["out"].write_text(text, encoding="utf-8")
        for name, baseline in baselines.items():
            self.stdout.write(f"{name}: {_limit(baseline)}")
        self.stdout.write(f"written to {options['out']}; it holds once it is registered and signed")

    def _run(self, options: dict[str, Any]) -> None:
        holding = rounds.plans_in_force()
        if not holding:
            raise CommandError("no plan is signed: nothing is watched")
        for one in holding:
            found = rounds.watch_on(one, now=timezone.now())
            self.stdout.write(f"{one.row}: {found.counted} new, {len(found.breaches)} breaches")
            for words in (*found.breaches, *found.problems):
                self.stdout.write(f"  {words}")
            for digest in found.suspended:
                self.stdout.write(f"  taken out of force: {digest[:16]}")
        watched = {digest for one in holding for digest in one.plan.model.digests}
        for model in ModelVersion.objects.filter(in_force=True).exclude(digest__in=watched):
            self.stdout.write(f"{model} is in force, and no plan watches it")

    def _problem_open(self, options: dict[str, Any]) -> None:
        version = _version(options["version"]).digest if options["version"] else ""
        problem = problems.open_for_complaint(
            title=options["title"], reference=options["complaint"], version=version, now=timezone.now()
        )
        self.stdout.write(f"{problem} is open")

    def _problem_link(self, options: dict[str, Any]) -> None:
        kinds = {"complaint": ProblemLink.Kind.COMPLAINT, "capa": ProblemLink.Kind.CAPA}
        kind = kinds.get(options["kind"], ProblemLink.Kind.CHANGE)
        problems.link(options["number"], Link(kind, options["reference"]), now=timezone.now())
        self.stdout.write(f"problem/{options['number']} is linked to {kind} {options['reference']}")

    def _problem_close(self, options: dict[str, Any]) -> None:
        problems.close(options["number"], conclusion=options["reason"], now=timezone.now())
        self.stdout.write(f"problem/{options['number']} is closed")

    def _problems(self, options: dict[str, Any]) -> None:
        for row in Problem.objects.all():
            state = "closed" if row.closed_at else "open"
            chain = " -> ".join(f"{one.kind} {one.reference}" for one in problems.links_of(row))
            self.stdout.write(f"{row} {state:6} {row.opened_at:%Y-%m-%d} {row.title}  {chain}".rstrip())

    def _resume(self, options: dict[str, Any]) -> None:
        model = _version(options["digest"])
        registry.resume(model, reason=options["reason"], actor=_operator())
        self.stdout.write(f"{model} is in force again, once the trail is sealed")

    def _report(self, options: dict[str, Any]) -> None:
        holding = next((one for one in rounds.plans_in_force() if one.row.name == options["plan"]), None)
        if holding is None:
            raise CommandError(f"no signed plan is called {options['plan']}")
        record, document = reporting.report(
            holding, since=options["since"], until=options["until"], now=timezone.now()
        )
        reporting.write(document, options["out"])
        self.stdout.write(
            f"{record.subject}: {document.observations} analyses, {len(document.breaches)} breaches, "
            f"{len(document.problems)} problems; the files are in {options['out']}"
        )


def _add_problems(parser: CommandParser) -> None:
    actions = parser.add_subparsers(dest="what", required=True)
    opening = actions.add_parser("open", help="for a complaint; a breach opens its problem itself")
    opening.add_argument("title", help="what, without naming anybody")
    opening.add_argument("--complaint", required=True, help="number of the complaint")
    opening.add_argument("--version", default="", help="digest of the model version, or its beginning")
    linking = actions.add_parser("link", help="to a number in the quality system")
    linking.add_argument("number", type=int)
    linking.add_argument("kind", choices=["complaint", "capa", "change"])
    linking.add_argument("reference")
    closing = actions.add_parser("close", help="saying what came of it")
    closing.add_argument("number", type=int)
    closing.add_argument("--reason", required=True)


def _clean(plan: Plan, options: dict[str, Any]) -> tuple[list[Observation], str]:
    """The clean observations that were named, and what they are in words."""
    found: list[Observation] = []
    sources = []
    if options["since"] and options["until"]:
        since, until = (_midnight(options[name]) for name in ("since", "until"))
        analyses = reading.reported(plan, since=since, until=until)
        found += reading.observations(plan, analyses)
        found += assessing.observations(plan, assessing.made(plan, since=since, until=until))
        sources.append(f"analyses reported from {options['since']} to before {options['until']}")
    if options["run"] is not None:
        run = Run.objects.filter(pk=options["run"]).first()
        if run is None:
            raise CommandError(f"there is no validation/{options['run']}")
        found += reading.of_run(plan, run)
        sources.append(f"cases of {run} ({run.name}, data {run.data[:16]})")
    if not found:
        raise CommandError("no clean studies: name a period (--since, --until), a validation run, or both")
    return found, "; ".join(sources)


def _limit(baseline: Baseline) -> str:
    measured = ""
    if baseline.measured is not None and baseline.measured_upper is not None:
        measured = f", false alarms measured {baseline.measured:.3g} (at most {baseline.measured_upper:.3g})"
    return f"limit {baseline.limit:.4g} from {baseline.n} clean values{measured}"


def _version(beginning: str) -> ModelVersion:
    found = list(ModelVersion.objects.filter(digest__startswith=beginning)[:2])
    if len(found) != 1:
        raise CommandError(f"{'no' if not found else 'more than one'} version has a digest like {beginning}")
    return found[0]


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=timezone.get_default_timezone())


def _operator() -> str:
    return f"os:{getpass.getuser()}"
