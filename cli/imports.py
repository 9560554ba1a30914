"""`social-crm import`: take files of mentions in, with progress, rejects kept, as often as you like."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Any

import click

from cli.compose import now, the_store
from cli.listening import Ears
from cli.progress import progress
from cli.reading import reading
from cli.reports import bring_up_to_date
from cli.wording import counted
from cli.wording import tell as tell_line
from connectors.files.brandmap import read_brand_map
from connectors.files.mapping import parse_mapping
from connectors.files.opening import existing
from connectors.files.rejects import RejectsFile
from jobs.import_mentions import collect, vouch
from jobs.read_ahead import collect_garbage_rarely
from social_crm.domain.clock import parse_time
from social_crm.domain.errors import Invalid

if TYPE_CHECKING:
    from datetime import date, datetime
    from pathlib import Path

    from cli.settings import Settings
    from connectors.files.mapping import ColumnMapping
    from jobs.import_mentions import Collected
    from social_crm.ports import Page, Source, Store

FORMATS = ("auto", "x-v1", "x-v2", "reddit", "csv", "jsonl", "parquet")
SOURCE = "files"


@click.group("import")
def import_() -> None:
    """Take files in: what is in them already stays as it is."""


@import_.command()
@click.argument("file", metavar="FILE")
@click.option("--format", "form", type=click.Choice(FORMATS), default="auto", show_default=True,
              help="What the file holds; recognised by its content unless given. Gzip and xz are unpacked.")  # fmt: skip
@click.option("--map", "mapping", metavar="FIELD=COLUMN,...",
              help="For csv, jsonl, parquet: id=...,author=...,posted_at=...,text=..., or FIELD:=TEXT.")  # fmt: skip
@click.option("--platform", help="With --map: short for platform:=NAME.")
@click.option("--time-zone", help="With --map: the zone of times that name none; short for zone:=NAME.")
@click.option(
    "--brand-map", metavar="FILE", help="A CSV of (mention id, brand id): what it says goes, other texts are searched."
)
@click.option("--brand-map-columns", metavar="ID,BRAND", help="Which columns of it; the first two unless given.")
@click.option("--create-brands", is_flag=True, help="Add the brands of the brand map, recognised by $ID from then on.")
@click.option("--covers-until", metavar="TIME",
              help="The file is complete up to then. Else the period of its last mention stays partial.")  # fmt: skip
@click.option("--rejects", metavar="FILE", help="Where records that cannot be read go; FILE.rejects.jsonl unless given.")
@click.option("--dry-run", is_flag=True, help="Say what would happen and store nothing.")
@click.option("--scoring/--no-scoring", default=True, show_default=True, help="Work out the sentiment of each text.")
@click.option("--page-size", type=click.IntRange(1, 100_000), default=5_000, show_default=True, help="Stored at a time.")
@click.pass_obj
def mentions(
    settings: Settings, /, file: str, *, covers_until: str | None, rejects: str | None, dry_run: bool, **given: Any
) -> None:
    """Take the mentions of FILE in.

    It may be interrupted at any time and run again: what was taken in stays, and the rest follows. A second run of the same
    file changes nothing.
    """
    until = _until(covers_until) if covers_until else None
    source_given = _source_given(
        **{name: given.pop(name) for name in ("form", "mapping", "platform", "time_zone", "page_size")}
    )
    about = _brand_map(given.pop("brand_map"), given.pop("brand_map_columns"))
    path = existing(file)
    collect_garbage_rarely()
    with the_store(settings) as store, _rejects_file(path, rejects, dry_run=dry_run) as kept:
        named = {brand for brands in about.values() for brand in brands}
        ears = Ears(store, named, **given, dry_run=dry_run)
        started = time.monotonic()
        with (
            progress(f"Importing {path.name}", "mentions") as tell,
            reading(path, lambda done, total: tell(done, total, 0), brand_map=about, **source_given) as source,
        ):
            collected = _collect(store, source, file, ears, kept, tell, dry_run=dry_run)
        _tell(collected, time.monotonic() - started, kept, dry_run=dry_run)
        if not dry_run:
            vouch(store, SOURCE, _fingerprint(path), collected, until)
            bring_up_to_date(store)


def _until(text: str) -> datetime | date:
    """A time, or a day that begins when it does for each brand. Raises Invalid when it lies in the future."""
    moment = parse_time(text)
    if moment > now():
        raise Invalid(f"--covers-until {text} lies in the future: no file holds what nobody has said yet")
    return moment.date() if len(text) == len("2026-11-22") else moment


def _rejects_file(path: Path, name: str | None, *, dry_run: bool) -> RejectsFile:
    """Where rejects go. One that an earlier import of the file left behind is removed: it tells of another run."""
    kept = RejectsFile(name or f"{path}.rejects.jsonl")
    if kept.path.resolve() == path.resolve():
        raise Invalid(f"--rejects {name} is the file that is read: name another one")
    if name is None and not dry_run:
        kept.path.unlink(missing_ok=True)
    return kept


def _collect(
    store: Store, source: Source, file: str, ears: Ears, kept: RejectsFile, tell: Any, *, dry_run: bool
) -> Collected:
    line = "0"

    def note(collected: Collected, page: Page) -> None:
        nonlocal line
        line = page.cursor
        tell(page.done, page.total, collected.seen)

    try:
        return collect(store, source, file, ears.listen, now, rejects=kept.write, progress=note, dry_run=dry_run)
    except KeyboardInterrupt as interrupt:
        click.echo(f"Interrupted after line {line}: what was taken in stays. Run the same command to go on.", err=True)
        raise click.Abort from interrupt


def _source_given(*, form: str, page_size: int, **mapped: str | None) -> dict[str, Any]:
    return {
        "format_name": None if form == "auto" else form,
        "mapping": _mapping(**mapped),
        "page_size": page_size,
    }


def _mapping(*, mapping: str | None, platform: str | None, time_zone: str | None) -> ColumnMapping | None:
    constants = [f"{field}:={text}" for field, text in (("platform", platform), ("zone", time_zone)) if text]
    if mapping is None and constants:
        raise Invalid("--platform and --time-zone go with --map: say which column is what, as id=...,author=...")
    return parse_mapping(",".join([mapping, *constants])) if mapping is not None else None


def _brand_map(file: str | None, columns: str | None) -> dict[str, tuple[str, ...]]:
    if file is None:
        return {}
    if columns is None:
        return read_brand_map(file)
    names = [name.strip() for name in columns.split(",")]
    if len(names) != 2 or not all(names):
        raise Invalid(f"--brand-map-columns {columns!r}: write two columns, as tweet_id,ticker")
    return read_brand_map(file, *names)


def _fingerprint(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _tell(collected: Collected, seconds: float, kept: RejectsFile, *, dry_run: bool) -> None:
    taken = collected.taken
    what = f"{taken.new:,} new, {taken.changed:,} changed, {taken.same:,} known already"
    rate = f"{collected.seen / max(seconds, 1e-9):,.0f}/s"
    click.echo(
        f"{counted(collected.seen, 'record')} in {seconds:.1f} s ({rate}): {what}, "
        f"{collected.unmatched:,} that name no brand of yours, {collected.rejected:,} rejected."
    )
    if kept.written:
        tell_line(f"The rejected ones, with line and reason: {kept.path}")
    if dry_run:
        click.echo("This was a dry run: nothing was stored.")
    elif not taken.new and not taken.changed:
        click.echo("This import changed nothing: all of it was known already, names no brand of yours, or was rejected.")
