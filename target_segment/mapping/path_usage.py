"""Usage of configured paths in a run: which no schema or record had, and what `when` skipped."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from target_segment.mapping.path_checks import check_flattening, explicit_names, list_paths
from target_segment.mapping.paths import split_field
from target_segment.mapping.property_schemas import schema_of_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_segment.mapping.expressions import Record
    from target_segment.mapping.path_checks import ConfiguredPath
    from target_segment.mapping.stream_mapping import Condition, StreamMapping

# Different values of one condition that are shown; more are no enumeration.
_MAX_VALUES = 10
# A value of an enumeration, such as `private` or `PRIVATE_NOTE`; an id and most names do not match.
_ENUMERATION = re.compile(r"[a-z][a-z_-]{0,31}|[A-Z][A-Z_-]{0,31}")

# What is shown of any other value.
_TEXT, _NUMBER = "a text", "a number"
_KINDS: dict[type, str] = {dict: "an object", list: "a list"}


class StreamWatch:
    """Watches one stream's records until all paths were in one and one passed all conditions.

    `matched` has the settings and paths that some stream has; it is shared by all streams.
    """

    def __init__(
        self, mapping: StreamMapping, paths: list[ConfiguredPath], matched: set[tuple[str, str]]
    ) -> None:
        when, schema = mapping.when, mapping.stream.schema
        self._when = when
        # By path, the texts that settings or schema name.
        self.named = {each.path: _named_texts(each, schema) for each in when}
        self._paths = paths
        self._matched = matched
        self.passed = not when
        self.records = 0
        self.skipped: dict[str, Counter[str]] = {}

    @property
    def unmatched(self) -> list[ConfiguredPath]:
        """The paths that no record has had so far, in this or another stream."""
        return [each for each in self._paths if each[:2] not in self._matched]

    def observe(self, record: Record) -> bool:
        """Take in a record; return whether there is more to watch for."""
        self.records += 1
        if self._paths:
            self._matched.update(each[:2] for each in self._paths if each.is_in(record))
            self._paths = self.unmatched
        if not self.passed:
            self.passed = self._passes(record)
        return bool(self._paths) or not self.passed

    def _passes(self, record: Record) -> bool:
        for condition in self._when:
            value = condition.value(record)
            if (value in condition.values) is condition.not_in:
                seen = self.skipped.setdefault(condition.path, Counter())
                if len(seen) <= _MAX_VALUES:
                    seen[_shown(value, self.named[condition.path])] += 1
                return False
        return True

    def resume(self, earlier: StreamWatch) -> None:
        """Continue the watch of the same stream under an earlier schema."""
        self.passed |= earlier.passed
        self.records, self.skipped = earlier.records, earlier.skipped


class PathUsage:
    """Paths of the settings over all streams of a run. `streams` are the mapping settings."""

    def __init__(self, streams: Mapping[str, Mapping[str, Any]]) -> None:
        self._names = {name for config in streams.values() for name in explicit_names(config)}
        self._watches: dict[str, StreamWatch] = {}
        self._matched: set[tuple[str, str]] = set()
        self._warned: set[tuple[str, str]] = set()

    def watch(self, mapping: StreamMapping, separator: str) -> tuple[StreamWatch, list[str]]:
        """Start to watch a stream; also return the warnings about paths that its schema lacks.

        `separator` is that of flattened names. Raises `MappingError` if flattening has renamed
        fields that the preset needs.
        """
        check_flattening(mapping, separator)
        stream, paths = mapping.stream.name, list_paths(mapping)
        self._matched.update(each[:2] for each in paths if each.in_schema)
        missing = [each for each in paths if each.in_schema is False and self._is_news(each)]
        self._warned.update(each[:2] for each in missing)
        watch = StreamWatch(mapping, paths, self._matched)
        if stream in self._watches:
            watch.resume(self._watches[stream])
        self._watches[stream] = watch
        return watch, [
            f"{each.setting}: the schema of stream {stream} has no {each.path}" for each in missing
        ]

    def _is_news(self, path: ConfiguredPath) -> bool:
        """Return whether to warn of a path; one for all streams may belong to another stream."""
        if path[:2] in self._matched or path[:2] in self._warned:
            return False
        is_for_all = path.setting in ("drop_properties", "hash_properties")
        return not is_for_all or split_field(path.path, self._names)[0] not in self._names

    def warnings(self) -> Iterator[tuple[str, str]]:
        """Yield, at the end, each setting that had no effect, and what it did not match."""
        watches = {stream: watch for stream, watch in self._watches.items() if watch.records}
        unmatched = {each[:2]: None for watch in watches.values() for each in watch.unmatched}
        for setting, path in unmatched:
            yield setting, f"{path} matched nothing in this run"
        for stream, watch in watches.items():
            for path, seen in () if watch.passed else watch.skipped.items():
                shown = _without_single_texts(seen, watch.named[path]).most_common()
                texts = ", ".join(f"{value} ({count:,})" for value, count in shown)
                values = "many different values" if len(seen) > _MAX_VALUES else texts
                yield f"streams.{stream}.when", f"{path} let no record pass; it had {values}"


def _named_texts(condition: Condition, schema: Mapping[str, Any]) -> set[str]:
    """List the texts that a condition, or the schema of its path, names; in lower case."""
    listed = schema_of_value(condition.path, schema).get("enum")
    values = (*condition.values, *(listed if isinstance(listed, list) else ()))
    return {each.casefold() for each in values if isinstance(each, str)}


def _shown(value: Any, named: set[str]) -> str:
    """Return a value of an enumeration, and only the kind of any other: it may be personal."""
    if value is None or isinstance(value, bool):
        return "no value" if value is None else str(value).lower()
    if isinstance(value, str):
        return value if _ENUMERATION.fullmatch(value) or value.casefold() in named else _TEXT
    return _KINDS.get(type(value), _NUMBER)


def _without_single_texts(seen: Counter[str], named: set[str]) -> Counter[str]:
    """Replace each word that only one record had: it may be a first name in lower case."""
    shown: Counter[str] = Counter()
    for value, count in seen.items():
        is_kind = value in {_NUMBER, *_KINDS.values(), "no value", "true", "false"}
        shown[value if count > 1 or is_kind or value.casefold() in named else _TEXT] += count
    return shown
