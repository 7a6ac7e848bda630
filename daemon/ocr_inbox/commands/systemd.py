"""`systemd`: what the units must be told of a configuration."""

from pathlib import Path

import typer

from ocr_inbox.commands.arguments import DEFAULT_CONFIG, AsJson, Config, print_json, settings_of

_USER = "ocr-inbox"

systemd = typer.Typer(help="Drop-ins for the systemd units, from the configuration.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(systemd, name="systemd")


@systemd.command("paths")
def paths(config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Print what opens the sandbox for the inboxes: > /etc/systemd/system/ocr-inbox.service.d/paths.conf."""
    from ocr_inbox.sandbox import drop_in, openings

    wanted = openings(settings_of(config), config.absolute(), _group_of)
    if not as_json:
        typer.echo(drop_in(wanted, config.absolute()), nl=False)
        return
    print_json(
        {
            "read_write_paths": [str(path) for path in wanted.writable],
            "bind_paths": [str(path) for path in wanted.bound],
            "bind_read_only_paths": [str(path) for path in wanted.bound_read_only],
            "missing": [str(path) for path in wanted.missing],
            "protect_home": "tmpfs" if wanted.in_homes else "yes",
            "supplementary_groups": list(wanted.groups),
            "only_this_machine": wanted.only_this_machine,
        }
    )


@systemd.command("socket")
def socket(config: Config = DEFAULT_CONFIG) -> None:
    """Print what moves the socket to the API's address: > /etc/systemd/system/ocr-inbox.socket.d/address.conf."""
    from ocr_inbox.sandbox import socket_drop_in

    typer.echo(socket_drop_in(settings_of(config)), nl=False)


def _group_of(folder: Path) -> str | None:
    """The folder's group, where only that may write into it and the daemon is not its owner."""
    import stat

    try:
        mode, owner, group = folder.stat().st_mode, folder.owner(), folder.group()
    except (OSError, KeyError):  # not there, or of somebody whom this machine does not know
        return None
    by_group_only = mode & stat.S_IWGRP and not mode & stat.S_IWOTH
    return group if by_group_only and _USER not in (owner, group) and group != "root" else None
