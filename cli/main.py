"""The command `social-crm`: finds the command that is meant and turns every error into one clear line."""

from __future__ import annotations

import io
import os
import sys
from dataclasses import replace
from importlib import import_module

import click

from cli.settings import PREFIX, from_environment
from cli.wording import plain, tell
from social_crm.domain.errors import Invalid, SocialCrmError

# Loaded only when called: half of them would otherwise wait for libraries that they do not use.
COMMANDS = {
    "brand": "cli.brands:brand",
    "check-config": "cli.check:check_config",
    "collect": "cli.collect:collect",
    "demo": "cli.demo:demo",
    "import": "cli.imports:import_",
    "key": "cli.keys:key",
    "replay": "cli.replay:replay",
    "report": "cli.reports:report",
    "secret": "cli.secret:secret",
    "serve": "cli.serve:serve",
    "source": "cli.source:source",
    "work": "cli.work:work",
}
INTERRUPTED = 130


class Commands(click.Group):
    """A group whose commands are imported when they are called, with arguments that are text."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The arguments of the group. Raises Invalid for bytes that are not UTF-8, unless a file is called so."""
        wrong = next((arg for arg in args if not _is_text(arg)), None)
        if wrong is not None:
            raise Invalid(f"the argument {plain(wrong)} is not text in UTF-8: write it in that encoding")
        return super().parse_args(ctx, args)

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
@click.option("--debug", is_flag=True, help="Log everything, and show the traceback of a defect [SOCIAL_CRM_LOG_LEVEL].")
@click.pass_context
def social_crm(context: click.Context, store: str | None, *, debug: bool) -> None:
    """Listen to what people say about a brand, and learn who comes back."""
    settings = from_environment()
    if store is not None:
        settings = replace(settings, store=store)
    if debug:
        settings = replace(settings, log_level="debug")
    context.obj = settings


def main() -> None:
    """Run a command; an error is one line on standard error and an exit code that is not 0.

    A defect of ours is one line too: `--debug`, or the log level debug, shows its traceback.
    """
    try:
        social_crm(standalone_mode=False)
    except SocialCrmError as error:
        _fail(f"Error: {error.message}", 1)
    except click.ClickException as error:
        _show(error)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        _fail("Interrupted.", INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has gone, as `| head` does: nothing is left to say
    except Exception as error:
        if not _debugging():
            _fail(f"Error: a defect of ours ({type(error).__name__}): please report what `social-crm --debug ...` shows", 1)
        raise


def _fail(line: str, code: int) -> None:
    tell(line, err=True)
    sys.exit(code)


def _show(error: click.ClickException) -> None:
    """What click says of a wrong call, which repeats what was typed."""
    written = io.StringIO()
    error.show(written)
    for line in written.getvalue().rstrip("\n").split("\n"):
        tell(line, err=True)


def _debugging() -> bool:
    return "--debug" in sys.argv or os.environ.get(f"{PREFIX}LOG_LEVEL", "").strip() == "debug"


def _is_text(argument: str) -> bool:
    """Python keeps bytes that it cannot read as lone surrogates; a file may be called so, nothing else."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        return os.path.lexists(argument.partition("=")[2] if argument.startswith("--") else argument)
    return True
