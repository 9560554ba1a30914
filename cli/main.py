"""The command `social-crm`: finds the command that is meant and turns every error into one clear line."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib import import_module

import click

from cli.settings import from_environment
from social_crm.domain.errors import SocialCrmError

# Loaded only when called: half of them would otherwise wait for libraries that they do not use.
COMMANDS = {
    "brand": "cli.brands:brand",
    "check-config": "cli.check:check_config",
    "demo": "cli.demo:demo",
    "import": "cli.imports:import_",
    "key": "cli.keys:key",
    "report": "cli.reports:report",
    "serve": "cli.serve:serve",
    "work": "cli.work:work",
}
INTERRUPTED = 130


class Commands(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names of the commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="social-crm")
@click.option("--store", metavar="URL", help="Where facts are kept: sqlite:///file.db or mongodb://... [SOCIAL_CRM_STORE]")
@click.pass_context
def social_crm(context: click.Context, store: str | None) -> None:
    """Listen to what people say about a brand, and learn who comes back."""
    settings = from_environment()
    if store is not None:
        settings = replace(settings, store=store)
    context.obj = settings


def main() -> None:
    """Run a command; an error of ours is one line on standard error and an exit code that is not 0."""
    try:
        social_crm(standalone_mode=False)
    except SocialCrmError as error:
        _fail(f"Error: {error.message}", 1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        _fail("Interrupted.", INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has gone, as `| head` does: nothing is left to say


def _fail(line: str, code: int) -> None:
    click.echo(line, err=True)
    sys.exit(code)
