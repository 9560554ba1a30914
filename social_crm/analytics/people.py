"""Who is one person, derived from the active links (house.md, decision 3); services and the rest of analytics come in."""

from __future__ import annotations

import networkx as nx
import polars as pl

from social_crm.tables import PEOPLE


def resolve(links: pl.DataFrame) -> pl.DataFrame:
    """The table PEOPLE from the table LINKS: every connected part of the links is one person.

    Each linked identity has a row, customers too. A person is named after the smallest id of the part, by code points, so
    that the name depends on nothing but who is in it. Ordered by account.
    """
    graph: nx.Graph[str] = nx.Graph()
    graph.add_edges_from(links.select("left", "right").iter_rows())
    rows = [(account, min(part)) for part in nx.connected_components(graph) for account in part]
    return pl.DataFrame(rows, schema=dict(PEOPLE), orient="row").sort("account")


def attach(rows: pl.LazyFrame, people: pl.DataFrame) -> pl.LazyFrame:
    """Rows with a column `account`, and a column `person` added by the table PEOPLE; order is kept.

    An account without a row there is a person of its own, under its own id.
    """
    if people.is_empty():
        return rows.with_columns(person=pl.col("account"))
    known = people.lazy().select("account", "person")
    return rows.join(known, on="account", how="left", maintain_order="left").with_columns(
        pl.coalesce("person", "account").alias("person")
    )
