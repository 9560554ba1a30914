"""Telling: turns become mentions with words, parents, addressed accounts, edits and deletions; the world comes in."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from demo import changes, texts
from demo.catalogue import HOUSE_FOLLOWERS
from demo.places import CUSTOMS, answer_id, mention_id
from demo.turns import Duty
from social_crm.domain.mention import How, Kind, Mention, address

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    from demo.turns import Turn

_REMEMBERED = 30  # how far back, in mentions of a brand on a platform, people answer
_FRESH = timedelta(days=5)  # and how far in time: threads go on, each answer is near another one


@dataclass(frozen=True, slots=True)
class Told:
    """A mention as it was first told, as it is now, and the brands that it is about."""

    first: Mention
    last: Mention
    brands: tuple[str, ...]


@dataclass(slots=True)
class Teller:
    """Writes mentions one after the other. `handles` maps account ids to handles."""

    random: Random
    handles: dict[str, str]
    _recent: defaultdict[tuple[str, str], deque[Told]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=_REMEMBERED))
    )
    _lengths: defaultdict[str, int] = field(default_factory=lambda: defaultdict(lambda: 1))

    def tell(self, turns: Iterable[Turn]) -> list[Told]:
        """What comes of the turns, in their order."""
        told = []
        for number, turn in enumerate(turns):
            platform = turn.account.partition(":")[0]
            recent = self._recent[turn.listing.brand.id, platform]
            now = self._told(number, turn, platform, recent)
            told.append(now)
            if now.last.deleted_at is None:
                recent.append(now)
        return told

    def _told(self, number: int, turn: Turn, platform: str, recent: deque[Told]) -> Told:
        kind, target = self._kind(turn, platform, recent)
        copied = kind is Kind.REPOST and target is not None
        brands = {turn.listing.brand.id} | ({turn.other.brand.id} if turn.other and not copied else set())
        parent = target.first if target else None
        text, named = self._text(turn, platform, copied=parent if copied else None)
        first = Mention(
            id=self._id(platform, number, turn, kind, parent),
            author=turn.account,
            posted_at=turn.at,
            collected_at=turn.at + timedelta(minutes=5),
            text=text,
            kind=kind,
            parent=parent.id if parent else None,
            thread=(parent.thread or parent.id) if parent else None,
            addressed=address([*_towards(kind, parent), *((How.MENTION, account) for account in named)], turn.account),
            metrics={
                "likes": int(self.random.expovariate(0.4)),
                "author_followers": turn.person.followers if turn.person else HOUSE_FOLLOWERS,
            },
            language=self._language(turn, platform, text),
            url=turn.listing.address(platform),
        )
        return Told(first, self._later(turn, first), tuple(sorted(brands)))

    def _id(self, platform: str, number: int, turn: Turn, kind: Kind, parent: Mention | None) -> str:
        own = mention_id(platform, number, turn.at, turn.account, kind)
        if parent is None:
            return own
        thread = parent.thread or parent.id
        self._lengths[thread] += 1
        return answer_id(own, thread, self._lengths[thread])

    def _kind(self, turn: Turn, platform: str, recent: deque[Told]) -> tuple[Kind, Told | None]:
        custom = CUSTOMS[platform]
        others = [
            told
            for told in recent
            if told.first.author != turn.account
            and told.first.posted_at > turn.at - _FRESH
            and not (custom.flat and told.first.parent)
        ]
        if not others or self.random.random() > custom.answering:
            return custom.opening, None
        target = self.random.choice(others)
        if platform == "x" and turn.duty is Duty.ADD and len(target.brands) == 1 and self.random.random() < 0.3:
            return Kind.REPOST, target  # only one that copies no second brand: it would count where nothing is planned
        return self.random.choice(custom.answers), target

    def _text(self, turn: Turn, platform: str, *, copied: Mention | None) -> tuple[str, tuple[str, ...]]:
        """The words, and the accounts that they name by handle."""
        if copied is not None:
            return f"RT @{self.handles[copied.author]}: {copied.text}", ()
        random, listing = self.random, turn.listing
        word = random.choice((*listing.words, *listing.words, *(listing.tags if CUSTOMS[platform].tagged else ())))
        named: tuple[str, ...] = ()
        if platform == "x" and turn.duty is not Duty.HOUSE and random.random() < 0.2:
            word, named = f"@{listing.own[0][1]}", (listing.own[0][0],)
        if turn.person is None:
            return texts.office(random, word), named
        if turn.other is not None:
            return texts.comparison(random, word, random.choice(turn.other.words)), named
        if random.random() < 0.04:
            return texts.short(random, word), named
        mood = turn.person.mood if random.random() < 0.6 else random.choice((-1, 0, 1))
        return texts.sentence(random, turn.person.language, mood, word), named

    def _later(self, turn: Turn, first: Mention) -> Mention:
        """What became of it: deleted, edited, or nothing."""
        chance = self.random.random()
        if turn.duty is Duty.VANISH or (turn.duty is Duty.ADD and chance < 0.015):
            gone = changes.gone_at(self.random, turn.at, first.platform)
            return replace(first, text="", deleted_at=gone, collected_at=gone + timedelta(minutes=5))
        edited = changes.edited_at(self.random, turn.at, first.platform) if chance < 0.03 else None
        if edited is not None and first.kind is not Kind.REPOST:
            return replace(first, text=f"{first.text} (typo)", edited_at=edited, collected_at=edited + timedelta(minutes=5))
        return first

    def _language(self, turn: Turn, platform: str, text: str) -> str:
        """The platform's own word for the language: not all have one, and nobody can tell from two words."""
        if not CUSTOMS[platform].told or len(text.split()) <= 2:
            return ""
        return turn.person.language if turn.person else "en"


def _towards(kind: Kind, parent: Mention | None) -> list[tuple[How, str]]:
    if parent is None:
        return []
    how = {Kind.REPOST: How.REPOST, Kind.QUOTE: How.QUOTE}.get(kind, How.REPLY)
    return [(how, parent.author)]
