"""`manage.py user add|list|train|grant|withdraw|lock|unlock|…`: people and what they may do."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from audit.models import AuditEvent
from audit.sealing import NotSealed, wait_until_sealed
from samd.accounts import granting, lockout, register
from samd.accounts.models import Grant, Training
from samd.accounts.roles import Role, roles_of

ROLES = tuple(str(role) for role in Role)


class Command(BaseCommand):
    help = "Make accounts, record training, give and take roles. Who does it, and why, stands in the trail."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help="make an account; it has no role yet")
        add.add_argument("username")
        add.add_argument("--name", required=True, help="the printed name, as signatures show it")
        add.add_argument("--identified", default="", metavar="HOW", help="how it was made sure who this is")
        add.add_argument("--first", action="store_true", help="the first account of all: an administrator")
        add.add_argument("--reason", default="new account")
        actions.add_parser("list", help="list accounts with their roles")
        train = actions.add_parser("train", help="record that somebody was trained for a role")
        train.add_argument("username")
        train.add_argument("--role", required=True, choices=ROLES)
        train.add_argument("--completed", required=True, type=_day, metavar="YYYY-MM-DD")
        train.add_argument("--until", required=True, type=_day, metavar="YYYY-MM-DD", help="its last day")
        train.add_argument("--evidence", required=True, help="which course, and where its record is kept")
        grant = actions.add_parser("grant", help="give a role")
        grant.add_argument("username")
        grant.add_argument("--role", required=True, choices=ROLES)
        grant.add_argument(
            "--until", type=_day, metavar="YYYY-MM-DD", help="its last day (an auditor has one)"
        )
        grant.add_argument("--reason", required=True)
        withdraw = actions.add_parser("withdraw", help="take a role away")
        withdraw.add_argument("username")
        withdraw.add_argument("--role", required=True, choices=ROLES)
        withdraw.add_argument("--reason", required=True)
        for name, words in (
            ("lock", "shut an account, and end its sessions"),
            ("unlock", "open it again, also after too many failures"),
            ("password", "give a password for one login, to who lost theirs"),
            ("reset-factor", "take a lost second factor away"),
            ("deactivate", "close an account for good; its name is never given again"),
        ):
            action = actions.add_parser(name, help=words)
            action.add_argument("username")
            action.add_argument("--reason", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        action = getattr(self, f"_{options['action'].replace('-', '_')}")
        try:
            action(options)
        except granting.Refused as refusal:
            raise CommandError(f"{refusal}. Nothing was changed.") from refusal
        except ValidationError as problem:
            raise CommandError(f"{' '.join(problem.messages)} Nothing was changed.") from problem

    def _add(self, options: dict[str, Any]) -> None:
        if options["first"]:
            now = timezone.now()
            user, password, event = register.add_first(
                options["username"], printed_name=options["name"], now=now
            )
            self._tell_password(user, password)
            self._wait(event, f"{user} is administrator")
        else:
            user, password = register.add(
                options["username"],
                printed_name=options["name"],
                identified=options["identified"],
                reason=options["reason"],
            )
            self._tell_password(user, password)
            self.stdout.write("It has no role yet: manage.py user train, then manage.py user grant")

    def _tell_password(self, user: User, password: str) -> None:
        self.stdout.write(
            f"{user} ({user.get_full_name()}) logs in once with the password {password}\n"
            f"and then chooses another. It is not shown again, and stands nowhere."
        )

    def _wait(self, event: AuditEvent, words: str) -> None:
        """Say when it counts: as soon as a checkpoint covers its event."""
        try:
            wait_until_sealed(event)
        except NotSealed:
            self.stdout.write(
                f"{words} as soon as the trail is sealed. The sealing process does not run now: "
                f"start the device (manage.py up), or run manage.py seal --once"
            )
        else:
            self.stdout.write(f"{words} now")

    def _list(self, _options: dict[str, Any]) -> None:
        now = timezone.now()
        for user in User.objects.order_by("username"):
            in_force = roles_of(user, now=now)
            granted = Grant.objects.filter(user=user, withdrawn_at=None).order_by("role")
            roles = [self._role(grant, in_force, now) for grant in granted]
            state = "" if user.is_active else "  DEACTIVATED"
            state += "  LOCKED" if lockout.is_shut(user) else ""
            self.stdout.write(
                f"{user.get_username():20} {user.get_full_name():24} {', '.join(roles) or '-'}{state}"
            )

    def _role(self, grant: Grant, in_force: frozenset[Role], now: datetime) -> str:
        until = f" until {grant.until:%Y-%m-%d %H:%M}" if grant.until else ""
        if grant.role in in_force:
            return f"{grant.role}{until}"
        if grant.until is not None and grant.until <= now:
            return f"{grant.role} (ended {grant.until:%Y-%m-%d})"
        today = now.date()
        current = Training.objects.filter(
            user=grant.user, role=grant.role, completed_on__lte=today, valid_until__gte=today
        )
        return f"{grant.role} ({'not sealed yet' if current.exists() else 'no current training'})"

    def _train(self, options: dict[str, Any]) -> None:
        user = register.find(options["username"])
        granting.train(
            user,
            Role(options["role"]),
            completed_on=options["completed"],
            valid_until=options["until"],
            evidence=options["evidence"],
        )
        self.stdout.write(f"{user} is trained as {options['role']} until {options['until']}")

    def _grant(self, options: dict[str, Any]) -> None:
        user, until = register.find(options["username"]), options["until"]
        event = granting.grant(
            user,
            Role(options["role"]),
            until=datetime.combine(until + timedelta(days=1), datetime.min.time(), UTC) if until else None,
            reason=options["reason"],
            now=timezone.now(),
        )
        self._wait(event, f"{user} is {options['role']}")

    def _withdraw(self, options: dict[str, Any]) -> None:
        user = register.find(options["username"])
        granting.withdraw(user, Role(options["role"]), reason=options["reason"], now=timezone.now())
        self.stdout.write(f"{user} is no longer {options['role']}")

    def _lock(self, options: dict[str, Any]) -> None:
        user = register.find(options["username"])
        register.lock(user, reason=options["reason"])
        self.stdout.write(f"the account of {user} is locked; its sessions end with their next request")

    def _unlock(self, options: dict[str, Any]) -> None:
        user = register.find(options["username"])
        self._wait(register.unlock(user, reason=options["reason"]), f"{user} may log in again")

    def _password(self, options: dict[str, Any]) -> None:
        user = register.find(options["username"])
        self._tell_password(user, register.new_password(user, reason=options["reason"]))

    def _reset_factor(self, options: dict[str, Any]) -> None:
        user = register.find(options["username"])
        password = register.reset_factor(user, reason=options["reason"])
        self.stdout.write(f"{user} has no second factor now, and sets up another at the next login")
        self._tell_password(user, password)

    def _deactivate(self, options: dict[str, Any]) -> None:
        user = register.find(options["username"])
        register.deactivate(user, reason=options["reason"], now=timezone.now())
        self.stdout.write(f"the account of {user} is closed; what was done under this name stays with it")


def _day(text: str) -> date:
    return date.fromisoformat(text)
