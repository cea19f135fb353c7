"""`python -m ops tenants`: create, list, show, allow, update, disable."""

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from chalicelib.tenants import Tenant
from chalicelib.tenants.nouns import (
    TENANT_KINDS,
    TenantKind,
    TenantState,
    check_glob,
    check_team_id,
)
from chalicelib.usage_record import rfc3339
from ops.directory import Directory, Refused, open_directory
from ops.printing import print_fields, print_json, print_table

LISTED = ("team_id", "kind", "parent", "state", "display_name", "cost_center", "tags", "allow")
NO_TAGS: Mapping[str, str] = MappingProxyType({})

EXAMPLES = """examples:
  python -m ops tenants create research --kind department --name "Research"
  python -m ops tenants create genomics --parent research --allow 'anthropic.*' 'us.anthropic.*'
  python -m ops tenants allow genomics 'amazon.nova-*' --remove 'us.anthropic.*'
  python -m ops tenants update genomics --cost-center CC-4711 --tag stage=prod owner=mendel
  python -m ops tenants disable genomics

Quote the globs, or the shell may put file names in their place."""


def add_commands(groups: Any) -> None:
    """Add this module's commands to the parser's groups."""
    group = groups.add_parser(
        "tenants",
        help="who is charged, and which models they may use",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    group.set_defaults(open=open_directory)
    commands = group.add_subparsers(required=True, metavar="COMMAND")

    create = commands.add_parser("create", help="add a tenant; without --allow it may use nothing")
    create.add_argument("team", metavar="TEAM", help="2 to 63 of a-z 0-9 . _ -, a letter first")
    create.add_argument("--kind", choices=TENANT_KINDS, default="team")
    create.add_argument("--parent", metavar="TEAM", help="the tenant it belongs to in reports")
    create.add_argument("--name", default="", help="its name for people")
    create.add_argument("--allow", nargs="+", action="extend", default=[], metavar="GLOB")
    _add_description(create)
    create.set_defaults(run=_create)

    listing = commands.add_parser("list", help="every tenant, a line each")
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(run=_list)

    show = commands.add_parser("show", help="one tenant, with its allow-list and key ids")
    show.add_argument("team", metavar="TEAM")
    show.add_argument("--json", action="store_true")
    show.set_defaults(run=_show)

    allow = commands.add_parser("allow", help="let a tenant use more models, or fewer")
    allow.add_argument("team", metavar="TEAM")
    allow.add_argument("globs", nargs="*", metavar="GLOB", help="of model ids in normal form")
    allow.add_argument("--remove", nargs="+", action="extend", default=[], metavar="GLOB")
    allow.set_defaults(run=_allow)

    update = commands.add_parser("update", help="change what reports say of a tenant")
    update.add_argument("team", metavar="TEAM")
    update.add_argument("--name", help="its name for people")
    update.add_argument("--untag", nargs="+", action="extend", default=[], metavar="KEY")
    _add_description(update)
    update.set_defaults(run=_update)

    disable = commands.add_parser("disable", help="refuse all of a tenant's keys, without an end")
    disable.add_argument("team", metavar="TEAM")
    disable.add_argument("--enable", action="store_true", help="accept its keys again")
    disable.set_defaults(run=_disable)


def _add_description(command: argparse.ArgumentParser) -> None:
    command.add_argument("--cost-center", metavar="ID", help="who pays; the parent's unless given")
    command.add_argument("--tag", nargs="+", action="extend", default=[], metavar="KEY=VALUE")


def create(
    directory: Directory,
    team_id: str,
    now: datetime,
    *,
    kind: TenantKind = "team",
    parent: str | None = None,
    display_name: str = "",
    allow: Iterable[str] = (),
    cost_center: str = "",
    tags: Mapping[str, str] = NO_TAGS,
) -> Tenant:
    """Add a tenant. Raises ValueError for a field, Refused where it exists or its parent does not.

    The allow-list is kept sorted, each glob once.
    """
    globs = tuple(sorted(set(allow)))
    tenant = Tenant(
        team_id, kind, now, parent, display_name, globs, cost_center=cost_center, tags=tags
    )
    directory.add_tenant(tenant)
    return tenant


def change_allow(
    directory: Directory, team_id: str, add: Iterable[str], remove: Iterable[str]
) -> Tenant:
    """Change an allow-list. Raises ValueError for no glob, Refused for a removal of nothing."""
    adding, removing = set(add), set(remove)
    for glob in adding:
        check_glob(glob)
    tenant = directory.tenant(team_id)
    if missing := sorted(removing - set(tenant.allow)):
        raise Refused(f"not on the allow-list of {team_id}: {' '.join(missing)}")
    if both := sorted(adding & removing):
        raise Refused(f"cannot both add and remove: {' '.join(both)}")
    return directory.set_allow(tenant, tuple(sorted({*tenant.allow, *adding} - removing)))


def change_description(
    directory: Directory,
    team_id: str,
    *,
    display_name: str | None = None,
    cost_center: str | None = None,
    tags: Mapping[str, str] = NO_TAGS,
    untag: Iterable[str] = (),
) -> Tenant:
    """Change what reports say of a tenant; None leaves it, and an empty cost centre takes it off.

    Raises ValueError for a field, Refused where a tag that is to go is not there.
    """
    read, going = directory.tenant(team_id), set(untag)
    if missing := sorted(going - set(read.tags)):
        raise Refused(f"{team_id} has no tag {' '.join(missing)}")
    if both := sorted(going & set(tags)):
        raise Refused(f"cannot both set and take off: {' '.join(both)}")
    kept = {key: value for key, value in read.tags.items() if key not in going}
    changed = replace(
        read,
        display_name=read.display_name if display_name is None else display_name,
        cost_center=read.cost_center if cost_center is None else cost_center,
        tags={**kept, **tags},
    )
    directory.set_description(read, changed)
    return changed


def read_tags(texts: Iterable[str]) -> dict[str, str]:
    """Read `key=value` texts; the last one of a key counts. Raises Refused."""
    tags = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise Refused(f"{text!r} is not KEY=VALUE")
        tags[key] = value
    return tags


def describe(tenant: Tenant) -> dict[str, Any]:
    """Return a tenant as JSON values."""
    return {
        "team_id": tenant.team_id,
        "kind": tenant.kind,
        "parent": tenant.parent,
        "display_name": tenant.display_name,
        "cost_center": tenant.cost_center,
        "tags": dict(tenant.tags),
        "state": tenant.state,
        "allow": list(tenant.allow),
        "key_ids": list(tenant.key_ids),
        "created_at": rfc3339(tenant.created_at),
    }


def _create(args: argparse.Namespace, directory: Directory) -> None:
    tenant = create(
        directory,
        args.team,
        datetime.now(UTC),
        kind=args.kind,
        parent=args.parent,
        display_name=args.name,
        allow=args.allow,
        cost_center=args.cost_center or "",
        tags=read_tags(args.tag),
    )
    print_fields(describe(tenant))


def _list(args: argparse.Namespace, directory: Directory) -> None:
    rows = [describe(tenant) for tenant in directory.tenants()]
    if args.json:
        print_json(rows)
    else:
        print_table(rows, LISTED)


def _show(args: argparse.Namespace, directory: Directory) -> None:
    check_team_id(args.team)
    row = describe(directory.tenant(args.team))
    if args.json:
        print_json(row)
    else:
        print_fields(row)


def _allow(args: argparse.Namespace, directory: Directory) -> None:
    check_team_id(args.team)
    if not args.globs and not args.remove:
        raise Refused("name a glob to add, or one to --remove")
    tenant = change_allow(directory, args.team, args.globs, args.remove)
    print(f"{tenant.team_id} may use: {' '.join(tenant.allow) or 'nothing'}")


def _update(args: argparse.Namespace, directory: Directory) -> None:
    check_team_id(args.team)
    tags = read_tags(args.tag)
    if args.name is None and args.cost_center is None and not tags and not args.untag:
        raise Refused("say what to change: --name, --cost-center, --tag or --untag")
    changed = change_description(
        directory,
        args.team,
        display_name=args.name,
        cost_center=args.cost_center,
        tags=tags,
        untag=args.untag,
    )
    print_fields(describe(changed))


def _disable(args: argparse.Namespace, directory: Directory) -> None:
    check_team_id(args.team)
    state: TenantState = "active" if args.enable else "disabled"
    directory.set_state(args.team, state)
    print(
        f"{args.team} is {state}; every gateway process knows within KEY_CACHE_SECONDS"
        " (60 by default)"
    )
