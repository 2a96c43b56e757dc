"""What every store on a SQL database promises about texts. A subclass gives the ``texts`` fixture: an empty store."""

from __future__ import annotations

import secrets

import pytest

from instar.base.errors import BadInput, InstarError
from instar.base.ids import event_id
from instar.store import Store
from instar.store.records import Edge, Feature, File, Label, Metric, Node, Param, Record, Token

BAD = ["a\x00b", "half \ud83d"]


class TextsContract:
    """Any text is kept as it is, or refused before anything is written."""

    @pytest.mark.parametrize("text", BAD)
    def test_a_text_that_no_database_keeps_is_refused_and_nothing_is_kept(self, texts: Store, text: str) -> None:
        id, other = event_id(), event_id()
        texts.nodes.put([Record((Node(other, "run"),))])
        for record in (
            Record((Node(id, "run", name=text),)),
            Record((Node(id, "run", doc={"a": [{"b": text}]}),)),
            Record((Node(id, "run"),), (Edge(id, "used", other, text),)),
            Record((Node(id, "run"),), features=(Feature(id, text),)),
            Record((Node(id, "run"),), params=(Param(id, "a", text),)),
            Record((Node(id, "run"),), files=(File(id, text, "f" * 64, 1),)),
        ):
            with pytest.raises(BadInput, match=r"no database keeps; nothing was written"):
                texts.nodes.put([Record((Node(id, "run"),)), record])
        with pytest.raises(BadInput, match="no database keeps"):
            texts.labels.set([Label(other, "note", "fine"), Label(other, "note", text)])
        with pytest.raises(BadInput, match="no database keeps"):
            texts.metrics.append([Metric(other, "fine", 0, 0, 1.0), Metric(other, text, 0, 0, 1.0)])
        with pytest.raises(BadInput, match="no database keeps"):
            texts.access.add_token(Token("d", text, "viewer"))
        with pytest.raises(BadInput, match="no database keeps"):
            texts.memo.put({text: b""})
        assert texts.nodes.has([id]) == set()
        assert texts.labels.history(other) == []
        assert texts.metrics.last([other]) == {other: {}}
        assert texts.access.tokens() == []

    @pytest.mark.parametrize("text", BAD)
    def test_asking_for_such_a_text_is_answered(self, texts: Store, text: str) -> None:
        with pytest.raises(InstarError):
            texts.nodes.resolve(text)

    @pytest.mark.parametrize(
        "text", ["", " ", "\u202eabc", "C:\\u0000", "100% %s ?", "'; DROP TABLE node; --", "é🪰", "a\r\nb\tc"]
    )
    def test_a_strange_text_comes_back_as_it_was(self, texts: Store, text: str) -> None:
        node = Node(event_id(), "run", name=text, doc={text: text})
        texts.nodes.put([Record((node,), params=(Param(node.id, "text", text),))])
        texts.labels.set([Label(node.id, "note", text)])
        assert texts.nodes.get([node.id]) == [node]
        assert texts.nodes.params([node.id])[0].value == text
        assert texts.labels.of([node.id])[node.id]["note"].value == text

    def test_a_long_note_and_a_long_parameter_are_kept(self, texts: Store) -> None:
        """Also where an index holds short texts only, and though chance leaves nothing to compress."""
        node, text = Node(event_id(), "run"), secrets.token_hex(50_000)
        texts.nodes.put([Record((node,), params=(Param(node.id, "code", text),))])
        texts.labels.set([Label(node.id, "note", text)])
        assert texts.nodes.params([node.id])[0].value == text
        assert [label.value for label in texts.labels.where("note", text)] == [text]

    def test_texts_are_sorted_by_their_characters_not_by_a_language(self, texts: Store) -> None:
        keys = ["a", "B", "_", "é", "Z", "z", "1", "-"]
        node = Node(event_id(), "run")
        texts.nodes.put([Record((node,), params=tuple(Param(node.id, key, "") for key in keys))])
        assert [param.key for param in texts.nodes.params([node.id])] == sorted(keys)

    def test_a_number_beyond_64_bits_is_refused(self, texts: Store) -> None:
        node = Node(event_id(), "run", created_at=2**70)
        with pytest.raises(BadInput, match="64 bits"):
            texts.nodes.put([Record((node,))])
        assert texts.nodes.has([node.id]) == set()
