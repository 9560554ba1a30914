"""A record: what the documents of all collections have in common; only the modules that declare or keep them come in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mongoengine import Document
from pymongo import IndexModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymongo.collection import Collection
    from pymongo.database import Database

Row = dict[str, Any]


class Record(Document):  # type: ignore[misc]  # mongoengine is untyped
    """What all documents have in common: they belong to no connection, but go into whatever database they are given."""

    meta: ClassVar[Row] = {"abstract": True, "auto_create_index": False}

    @classmethod
    def collection(cls, database: Database[Row]) -> Collection[Row]:
        """The collection of these documents in a database."""
        return database[cls._get_collection_name()]

    @classmethod
    def prepare(cls, database: Database[Row]) -> None:
        """Make the indexes, and with them the collection; what is there already stays."""
        models = [IndexModel(index["fields"]) for index in cls._meta["index_specs"]]
        if models:
            cls.collection(database).create_indexes(models)

    @classmethod
    def stored_names(cls) -> Mapping[str, str]:
        """The name of each field in the database."""
        return {name: field.db_field for name, field in cls._fields.items()}
