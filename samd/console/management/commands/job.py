"""`manage.py job list|retry`: the queue as the operator sees it, dead letters first."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from samd.records import store
from samd.records.models import Job


class Command(BaseCommand):
    help = "List jobs that are not done, and put a dead letter back into the queue."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="list what is not done")
        retry = actions.add_parser("retry", help="try a dead letter again")
        retry.add_argument("id", type=int)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "retry":
            try:
                store.reopen(options["id"], actor="command line")
            except (Job.DoesNotExist, store.NotDead) as problem:
                raise CommandError(f"job {options['id']} is not a dead letter; see `job list`") from problem
            self.stdout.write(f"job {options['id']} is in the queue again")
            return
        for job in Job.objects.exclude(state=Job.State.DONE).order_by("state", "not_before"):
            what = f"{job.pk:6} {job.state:7} {job.kind:9} of {job.subject:<6}"
            self.stdout.write(f"{what} attempt {job.attempts}  {job.error}")
