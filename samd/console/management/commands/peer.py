"""`manage.py peer add|list|echo`: the DICOM nodes that the device talks to."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from audit import trail
from audit.events import Event
from samd.dicom import deliver
from samd.records.models import Peer


class Command(BaseCommand):
    help = "Add, list or test the DICOM nodes that may send to us or get results."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help="add a node, or change the one of this name")
        add.add_argument("name")
        add.add_argument("--ae", required=True, help="its AE title, at most 16 characters")
        add.add_argument("--host", required=True, help="its address, as connections from it show it")
        add.add_argument("--port", required=True, type=int)
        add.add_argument("--results", action="store_true", help="send results to it")
        add.add_argument("--query", action="store_true", help="it answers queries")
        add.add_argument("--quiet", type=int, default=60, metavar="SECONDS", help="silence that ends a study")
        actions.add_parser("list", help="list them")
        echo = actions.add_parser("echo", help="ask one whether it answers (C-ECHO)")
        echo.add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        {"add": self._add, "list": self._list, "echo": self._echo}[options["action"]](options)

    def _add(self, options: dict[str, Any]) -> None:
        if not 0 < len(options["ae"]) <= 16:
            raise CommandError("an AE title has 1 to 16 characters")
        if not 0 < options["port"] < 65536:
            raise CommandError("a port is a number from 1 to 65535")
        wanted = {
            "ae_title": options["ae"],
            "host": options["host"],
            "port": options["port"],
            "gets_results": options["results"],
            "answers_queries": options["query"],
            "quiet_seconds": options["quiet"],
        }
        with transaction.atomic():
            before = Peer.objects.filter(name=options["name"]).values(*wanted).first() or {}
            peer, created = Peer.objects.update_or_create(name=options["name"], defaults=wanted)
            changes = {
                name: (before.get(name), value) for name, value in wanted.items() if before.get(name) != value
            }
            trail.append(Event.PEER_CHANGED, f"peer/{peer.pk}", changes=changes, name=peer.name)
        self.stdout.write(f"{'added' if created else 'changed'} {peer.name}")

    def _list(self, options: dict[str, Any]) -> None:
        for peer in Peer.objects.all():
            roles = "sends, gets results" if peer.gets_results else "sends"
            where = f"{peer.name:16} {peer.ae_title:16} {peer.host}:{peer.port}"
            self.stdout.write(f"{where}  {roles}, quiet {peer.quiet_seconds} s")

    def _echo(self, options: dict[str, Any]) -> None:
        try:
            row = Peer.objects.get(name=options["name"])
            peer = deliver.Peer(row.name, row.ae_title, row.host, row.port)
            deliver.echo(peer, calling_ae=settings.SAMD_AE_TITLE)
        except Peer.DoesNotExist:
            raise CommandError(f"no peer is called {options['name']}; see `manage.py peer list`") from None
        except deliver.PeerRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{row.name} answers")
