"""The platforms: what a source of each needs, which hosts are its own and what it counts as spend; anyone may come in."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from social_crm.domain.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_REVISIT = 90
_WRAPS = tuple(
    ipaddress.IPv6Network(network)
    for network in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96", "fec0::/10")
)

# Options that every platform takes.
COMMON_OPTIONS = MappingProxyType(
    {
        "about": "`all` when everything found there is about the brand (its own forum, channel or inbox), else `text`",
        "revisit_days": "for how many days mentions are looked at again for edits, deletions and late replies (14)",
        "base_url": "another address of the platform: one of its own hosts, or a loopback server for tests",
    }
)


@dataclass(frozen=True, slots=True)
class Platform:
    """What is known of a platform.

    `hosts` are its own, with subdomains where they begin with a dot; `placed` platforms have none: a source names its
    server in the option `instance`, or in its query where `by_query`. `credentials` are the names that must be given,
    `optional` those that may be. `unit` is what is spent there: micro-dollars (`usd_micros`, a millionth of a US dollar),
    quota units, or requests.
    """

    name: str
    title: str
    query: str
    hosts: tuple[str, ...] = ()
    placed: bool = False
    by_query: bool = False
    credentials: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    unit: str = "requests"

    def check(self, source: str, query: str, options: Mapping[str, str]) -> None:
        """Raises Invalid when an option is unknown or cannot be, or the query is missing."""
        allowed = {**COMMON_OPTIONS, **self.options}
        unknown = sorted(options.keys() - allowed.keys())
        if unknown:
            raise Invalid(
                f"source {source}: {self.title} has no option {unknown[0]!r}: choose from {', '.join(sorted(allowed))}"
            )
        if options.get("about", "text") not in {"text", "all"}:
            raise Invalid(f"source {source}: the option about is `text` or `all`")
        days = options.get("revisit_days", "0")
        if not (days.isascii() and days.isdecimal() and len(days) < 4 and int(days) <= LONGEST_REVISIT):
            raise Invalid(f"source {source}: the option revisit_days is a whole number up to {LONGEST_REVISIT}")
        if not query.strip():
            raise Invalid(f"source {source}: the query is empty: {self.query}")
        if self.placed and not self.by_query and not options.get("instance"):
            raise Invalid(f"source {source}: say which server of {self.title} in the option `instance`")
        self._check_addresses(source, query, options)

    def _check_addresses(self, source: str, query: str, options: Mapping[str, str]) -> None:
        given = [options["base_url"]] if "base_url" in options else []
        for address in [*given, *([query] if self.by_query else [])]:
            if "://" not in address:
                raise Invalid(f"source {source}: {address!r:.100} is not a web address: write https:// in front of it")
            host_of(address)
        for name in ("instance", "base_url"):
            if name in options:
                check_address(options[name], self.hosts_of(query, options))

    def hosts_of(self, query: str, options: Mapping[str, str]) -> tuple[str, ...]:
        """The hosts to which a source of this platform may speak, loopback left aside. Raises Invalid for a bad address."""
        if not self.placed:
            return self.hosts
        return (host_of(query if self.by_query else options.get("instance", "")),)


def host_of(address: str) -> str:
    """The host of an http(s) address, in lower case and without a dot at its end. Raises Invalid when it has none."""
    shown = repr(address) if "@" not in address else "an address with a user name in it"
    try:
        parts = urlsplit(address if "://" in address else f"https://{address}")
        host = (parts.hostname or "").rstrip(".") if parts.port != 0 else ""  # a port that cannot be is a ValueError
    except ValueError as error:
        raise Invalid(f"{shown} is not a web address: write https://example.org") from error
    if parts.scheme not in {"http", "https"} or not host or parts.username is not None:
        raise Invalid(f"{shown} is not a web address: write https://example.org")
    return host.lower()


def check_address(address: str, hosts: tuple[str, ...]) -> None:
    """Refuse an address to which credentials must not go.

    Allowed are the platform's own `hosts` over https, and loopback. Raises Invalid for any other.
    """
    host = host_of(address)
    if is_loopback(host):
        return
    if address.startswith("http://"):
        raise Invalid(f"{address!r} is not encrypted: use https, since credentials go there")
    if not belongs(host, hosts):
        raise Invalid(
            f"{host} is not one of {', '.join(hosts)}: a source speaks to its platform's own hosts or to loopback only"
        )


def belongs(host: str, hosts: tuple[str, ...]) -> bool:
    """Whether a host is one of some hosts, or below one that begins with a dot."""
    return any(host == own or (own.startswith(".") and host.endswith(own)) for own in hosts)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: by name, by number, or by one of the other ways to write such a number."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    number = _number(host)
    return number is not None and (number.is_loopback or number.is_unspecified)


def is_inside(host: str) -> bool:
    """Whether a host is a number that no public platform has: of a private network, of a link, of this machine, of a group.

    Also what wraps an address of version 4 into one of version 6 (NAT64, 6to4, Teredo): such a wrap may lead inside.
    """
    number = _number(host)
    if number is None:
        return is_loopback(host)
    wrapped = isinstance(number, ipaddress.IPv6Address) and any(number in network for network in _WRAPS)
    return wrapped or number.is_multicast or not number.is_global


def _number(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host is when it is a number, also in the short forms that the C library takes (127.1)."""
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except (OSError, ValueError):
            return None
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found


def platform(name: str) -> Platform:
    """The platform of that name. Raises Invalid when there is none."""
    try:
        return PLATFORMS[name]
    except KeyError as error:
        raise Invalid(f"there is no platform {name!r}: choose from {', '.join(PLATFORMS)}") from error


_ALL = (
    Platform(
        "x",
        "X",
        "a search such as `acme lang:en`, or mentions:<user id> for what mentions an account",
        hosts=("api.twitter.com", "api.x.com"),
        credentials=("bearer_token",),
        options={"post_price": "what a post read costs, in usd_micros (5000)"},
        unit="usd_micros",
    ),
    Platform(
        "reddit",
        "Reddit",
        "search:<words>, search:<subreddit>:<words>, posts:<subreddit>, comments:<subreddit>, or inbox",
        hosts=("www.reddit.com", "oauth.reddit.com"),
        credentials=("client_id", "client_secret"),
        optional=("username", "password"),
    ),
    Platform(
        "mastodon",
        "Mastodon",
        "tag:<hashtag>, search:<words>, or mentions",
        placed=True,
        optional=("access_token",),
        options={"instance": "the address of the server, such as https://mastodon.example"},
    ),
    Platform(
        "bluesky",
        "Bluesky",
        "a search such as `acme`",
        hosts=("bsky.social", ".bsky.social", ".bsky.network", "api.bsky.app"),
        credentials=("handle", "app_password"),
    ),
    Platform(
        "youtube",
        "YouTube",
        "video:<id>, channel:<id>, or search:<words> (dear: 100 units a search)",
        hosts=("www.googleapis.com", "youtube.googleapis.com"),
        credentials=("api_key",),
        options={"videos": "how many of the newest videos a search walks through, 1 to 50 (10)"},
        unit="quota units",
    ),
    Platform("hackernews", "Hacker News", "words to search for, such as `acme`", hosts=("hn.algolia.com",)),
    Platform(
        "discourse",
        "Discourse",
        "search:<words>, or latest for every post",
        placed=True,
        optional=("api_key", "api_username"),
        options={"instance": "the address of the forum, such as https://forum.example"},
    ),
    Platform("feeds", "Feeds", "the address of an RSS or Atom feed", placed=True, by_query=True),
)
PLATFORMS: Mapping[str, Platform] = MappingProxyType({one.name: one for one in _ALL})
