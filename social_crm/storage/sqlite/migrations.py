"""The schema, as the steps that led to it, numbered by PRAGMA user_version; only the database comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from social_crm.domain.errors import Conflict, Invalid

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

# "SCRM": by this number in its header a file is known to be ours.
_APPLICATION_ID = 0x5343524D

# Times are microseconds and days are days, both since 1970 in UTC; names in lower case hold JSON where that is said.
# What is filtered or sorted has a column; a store never changes a step that was released, it appends one.
_FIRST = (
    f"PRAGMA application_id = {_APPLICATION_ID}",
    # `addressed` (["reply x:1"]), `metrics` and `brands` are JSON; `spoken` is the platform's own word for the language.
    # The platform is the front of the id, so that a range of ids is a platform.
    """CREATE TABLE mention (
        id TEXT NOT NULL PRIMARY KEY, author TEXT NOT NULL, kind TEXT NOT NULL, posted_at INTEGER NOT NULL,
        collected_at INTEGER NOT NULL, edited_at INTEGER, deleted_at INTEGER, text TEXT NOT NULL, parent TEXT, thread TEXT,
        addressed TEXT NOT NULL, metrics TEXT NOT NULL, spoken TEXT NOT NULL, url TEXT, brands TEXT NOT NULL,
        language TEXT NOT NULL, basis TEXT NOT NULL, compound REAL, label TEXT NOT NULL, scorer TEXT NOT NULL,
        fingerprint TEXT NOT NULL)""",
    # Two indexes: the list by time, with what it may be filtered by beside it, and an author's mentions with languages.
    "CREATE INDEX mention_by_time ON mention (posted_at, id, kind, label)",
    "CREATE INDEX mention_by_author ON mention (author, posted_at, id, language, basis)",
    # A brand's span of time is one range; kind and label are repeated to leave out rows without looking them up.
    """CREATE TABLE mention_brand (
        brand TEXT NOT NULL, posted_at INTEGER NOT NULL, mention TEXT NOT NULL, kind TEXT NOT NULL, label TEXT NOT NULL,
        PRIMARY KEY (brand, posted_at, mention)) WITHOUT ROWID""",
    # `address` is platform:@handle in lower case.
    """CREATE TABLE account (
        id TEXT NOT NULL PRIMARY KEY, address TEXT NOT NULL, handle TEXT NOT NULL, name TEXT NOT NULL, followers INTEGER,
        created_at INTEGER, url TEXT, observed_at INTEGER NOT NULL)""",
    "CREATE INDEX account_by_address ON account (address)",
    # `token` names the newest write that marked the partition.
    """CREATE TABLE mark (
        brand TEXT NOT NULL, day INTEGER NOT NULL, token TEXT NOT NULL, marked_at INTEGER,
        PRIMARY KEY (brand, day)) WITHOUT ROWID""",
    """CREATE TABLE activity (
        brand TEXT NOT NULL, day INTEGER NOT NULL, account TEXT NOT NULL, posts INTEGER NOT NULL, comments INTEGER NOT NULL,
        replies INTEGER NOT NULL, reposts INTEGER NOT NULL, quotes INTEGER NOT NULL, reviews INTEGER NOT NULL,
        deleted INTEGER NOT NULL, scored INTEGER NOT NULL, positive INTEGER NOT NULL, negative INTEGER NOT NULL,
        compound_sum REAL NOT NULL, PRIMARY KEY (brand, day, account)) WITHOUT ROWID""",
    """CREATE TABLE exchange (
        brand TEXT NOT NULL, day INTEGER NOT NULL, source TEXT NOT NULL, target TEXT NOT NULL, kind TEXT NOT NULL,
        n INTEGER NOT NULL, PRIMARY KEY (brand, day, source, target, kind)) WITHOUT ROWID""",
    # Counts the changes of a thing: of the roll-ups of one brand, of all links.
    "CREATE TABLE generation (subject TEXT NOT NULL PRIMARY KEY, n INTEGER NOT NULL, changed_at INTEGER) WITHOUT ROWID",
    # `body` is JSON: brands are few and read whole.
    "CREATE TABLE brand (id TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE link (
        id TEXT NOT NULL PRIMARY KEY, "left" TEXT NOT NULL, "right" TEXT NOT NULL, basis TEXT NOT NULL,
        author TEXT NOT NULL, linked_at INTEGER NOT NULL, retracted_at INTEGER)""",
    'CREATE INDEX link_by_left ON link ("left", id)',
    'CREATE INDEX link_by_right ON link ("right", id)',
    """CREATE TABLE coverage (
        id TEXT NOT NULL PRIMARY KEY, source TEXT NOT NULL, brand TEXT NOT NULL, start INTEGER NOT NULL,
        "end" INTEGER NOT NULL)""",
    # `parameters` is JSON, `body` is JSON compressed by zlib.
    """CREATE TABLE report (
        id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, fingerprint TEXT NOT NULL, parameters TEXT NOT NULL,
        watermark INTEGER, created_at INTEGER NOT NULL, body BLOB NOT NULL)""",
    "CREATE INDEX report_by_fingerprint ON report (fingerprint, created_at, id)",
    # `scopes` is JSON.
    """CREATE TABLE api_key (
        prefix TEXT NOT NULL PRIMARY KEY, digest TEXT NOT NULL, name TEXT NOT NULL, scopes TEXT NOT NULL,
        created_at INTEGER NOT NULL, expires_at INTEGER, revoked_at INTEGER) WITHOUT ROWID""",
    "CREATE TABLE secret (name TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
)

_MENTION_KEPT = """id, author, kind, posted_at, collected_at, edited_at, deleted_at, parent, thread, addressed, metrics,
    spoken, brands, language, basis, compound, label, scorer, fingerprint"""
# What was said moves into a table whose rows never change their size: see wording.py. Dropping the old table under
# secure_delete wipes its pages.
_LIVE_SOURCES = (
    "CREATE TABLE said (id INTEGER PRIMARY KEY, text TEXT NOT NULL, url TEXT)",
    "INSERT INTO said (id, text, url) SELECT rowid, text, url FROM mention ORDER BY rowid",
    "DROP INDEX mention_by_time",
    "DROP INDEX mention_by_author",
    "ALTER TABLE mention RENAME TO mention_before",
    """CREATE TABLE mention (
        id TEXT NOT NULL PRIMARY KEY, author TEXT NOT NULL, kind TEXT NOT NULL, posted_at INTEGER NOT NULL,
        collected_at INTEGER NOT NULL, edited_at INTEGER, deleted_at INTEGER, parent TEXT, thread TEXT,
        addressed TEXT NOT NULL, metrics TEXT NOT NULL, spoken TEXT NOT NULL, brands TEXT NOT NULL,
        language TEXT NOT NULL, basis TEXT NOT NULL, compound REAL, label TEXT NOT NULL, scorer TEXT NOT NULL,
        fingerprint TEXT NOT NULL, said INTEGER NOT NULL)""",
    f"INSERT INTO mention ({_MENTION_KEPT}, said) SELECT {_MENTION_KEPT}, rowid FROM mention_before ORDER BY rowid",  # noqa: S608 - our names
    "DROP TABLE mention_before",
    "CREATE INDEX mention_by_time ON mention (posted_at, id, kind, label)",
    "CREATE INDEX mention_by_author ON mention (author, posted_at, id, language, basis)",
    # Until now a source could only say what it vouches for.
    "ALTER TABLE coverage ADD COLUMN query TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE coverage ADD COLUMN seen TEXT NOT NULL DEFAULT 'covered'",
    "ALTER TABLE coverage ADD COLUMN why TEXT NOT NULL DEFAULT ''",
    # Most is asked of what was lately: few spans end after that, and their start stands beside.
    'CREATE INDEX coverage_by_source ON coverage (source, "end", start)',
    # `body` is JSON; `sealed` are credentials, encrypted.
    """CREATE TABLE source (
        id TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL, sealed BLOB NOT NULL) WITHOUT ROWID""",
    # `body` is JSON, its times are microseconds.
    "CREATE TABLE progress (source TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE spend (
        source TEXT NOT NULL, day INTEGER NOT NULL, units INTEGER NOT NULL, PRIMARY KEY (source, day)) WITHOUT ROWID""",
    # A row stays for ever, so that fences only rise; who let go has no holder.
    """CREATE TABLE lease (
        name TEXT NOT NULL PRIMARY KEY, fence INTEGER NOT NULL, holder TEXT, until INTEGER NOT NULL) WITHOUT ROWID""",
    # `body` is JSON; a position is never given twice.
    """CREATE TABLE event (
        position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, at INTEGER NOT NULL,
        subject TEXT NOT NULL, body TEXT NOT NULL)""",
    # `mentions` and `pieces` are JSON; the raw text is compressed by zlib and cut into pieces of `size` bytes in all.
    """CREATE TABLE archived_page (
        id TEXT NOT NULL PRIMARY KEY, source TEXT NOT NULL, fetched_at INTEGER NOT NULL, mentions TEXT NOT NULL,
        size INTEGER NOT NULL, pieces TEXT NOT NULL)""",
    "CREATE INDEX archived_page_by_source ON archived_page (source, fetched_at, id)",
    "CREATE INDEX archived_page_by_time ON archived_page (fetched_at, id)",
    "CREATE TABLE archived_piece (id INTEGER PRIMARY KEY, content BLOB NOT NULL)",
    "CREATE TABLE archived_free (piece INTEGER PRIMARY KEY)",
    """CREATE TABLE archived_mention (
        mention TEXT NOT NULL, page TEXT NOT NULL, PRIMARY KEY (mention, page)) WITHOUT ROWID""",
)

STEPS: tuple[tuple[str, ...], ...] = (_FIRST, _LIVE_SOURCES)


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a file that is not for us.

    Raises Conflict when a newer release has written it, Invalid when another program has.
    """
    # The tables first: the first step makes them and the id in one transaction, so whoever sees tables then sees the id.
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if _number(connection, "application_id") != _APPLICATION_ID:
        if tables:
            raise Invalid(f"{path} is another program's database: name another file in the database URL")
        return
    version = _number(connection, "user_version")
    if version > len(STEPS):
        raise Conflict(
            f"the database {path} has schema {version} and this release knows {len(STEPS)}: install the newer release"
        )


def behind(connection: sqlite3.Connection) -> bool:
    """Whether the file lacks a step."""
    return _number(connection, "user_version") < len(STEPS)


def wipe_free_pages(connection: sqlite3.Connection) -> None:
    """Rewrite a file of the first schema that has free pages: it did not overwrite what it removed."""
    if _number(connection, "user_version") == 1 and _number(connection, "freelist_count"):
        connection.execute("VACUUM")


def advance(connection: sqlite3.Connection) -> None:
    """Take the next step inside the caller's transaction; nothing happens when another process has just taken it."""
    version = _number(connection, "user_version")
    if version < len(STEPS):
        for statement in STEPS[version]:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {version + 1}")


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])
