from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from instar.base.errors import BadInput, Conflict, NotFound
from instar.base.ids import content_id
from instar.store import Store
from instar.store.records import Node, Record
from instar.track import RunEnded, current_run, get_run, run, runs


def a_file_node(store: Store, digest: str = "ab" * 32) -> str:
    node = Node(content_id("file", digest), "file", digest)
    store.nodes.put([Record(nodes=(node,))])
    return node.id


def test_what_was_logged_is_read_back(store: Store) -> None:
    with run("baseline", experiment="films", store=store) as one:
        one.log(lr=0.1, layers=[8, 2], kind="forest", deep=True)
        one.log({"model.depth": np.int64(3)})
        one.log_metrics(loss=0.9, step=0)
        one.log_metrics(loss=0.5, step=1)
        one.log_metrics({"accuracy/test": np.float32(0.5)})
    found = get_run(one.id, store)
    assert found.params == {"lr": "0.1", "layers": "[8,2]", "kind": "forest", "deep": "True", "model.depth": "3"}
    assert found.metrics == {"loss": 0.5, "accuracy/test": 0.5}
    assert [(point.step, point.value) for point in found.history("loss")] == [(0, 0.9), (1, 0.5)]
    assert (found.name, found.experiment, found.status, found.error) == ("baseline", "films", "finished", "")
    assert found.seconds is not None
    assert found.seconds >= 0


def test_a_parameter_that_changes_is_refused_and_both_values_are_named(store: Store) -> None:
    with run("baseline", store=store) as one:
        one.log(lr=0.1)
        one.log(lr=0.1)
        with pytest.raises(Conflict, match=r"parameter 'lr' is '0.1' already and cannot become '0.2'"):
            one.log(lr=0.2)
    assert get_run(one.id, store).params == {"lr": "0.1"}


def test_no_parameter_of_a_refused_call_is_kept(store: Store) -> None:
    with run("baseline", store=store) as one:
        one.log(lr=0.1)
        with pytest.raises(Conflict):
            one.log(depth=3, lr=0.2)
    assert get_run(one.id, store).params == {"lr": "0.1"}


def test_metrics_that_are_no_finite_number_are_kept(store: Store) -> None:
    with run("diverging", store=store) as one:
        for value in (1.0, math.inf, -math.inf, math.nan):
            one.log_metrics(loss=value)
    values = [point.value for point in get_run(one.id, store).history("loss")]
    assert values[:3] == [1.0, math.inf, -math.inf]
    assert math.isnan(values[3])
    assert math.isnan(get_run(one.id, store).metrics["loss"])


def test_a_metric_that_is_no_number_is_refused_at_its_line(store: Store) -> None:
    with run("baseline", store=store) as one, pytest.raises(BadInput, match=r"metric 'loss': '0.5' \(str\)"):
        one.log_metrics(loss="0.5")


def test_points_of_one_step_are_all_kept(store: Store) -> None:
    with run("baseline", store=store) as one:
        for value in range(1000):
            one.log_metrics(loss=value, step=7)
    assert len(get_run(one.id, store).history("loss")) == 1000


def test_without_a_step_each_metric_counts_its_own_points(store: Store) -> None:
    with run("baseline", store=store) as one:
        one.log_metrics(a=1, b=1)
        one.log_metrics(a=2)
    found = get_run(one.id, store)
    assert [point.step for point in found.history("a")] == [0, 1]
    assert [point.step for point in found.history("b")] == [0]


def test_a_block_that_raises_makes_the_run_failed_and_loses_nothing(store: Store) -> None:
    one = run("broken", store=store)

    def training() -> None:
        with one:
            one.log(lr=0.1)
            one.log_metrics(loss=0.3)
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        training()
    found = get_run(one.id, store)
    assert (found.status, found.error) == ("failed", "ZeroDivisionError: division by zero")
    assert (found.params, found.metrics) == ({"lr": "0.1"}, {"loss": 0.3})


def test_leaving_by_exit_zero_is_no_failure(store: Store) -> None:
    with pytest.raises(SystemExit), run("script", store=store) as one:
        raise SystemExit(0)
    assert get_run(one.id, store).status == "finished"


def test_a_flush_makes_everything_before_it_durable(store: Store) -> None:
    with run("long", store=store) as one:
        one.log_metrics(loss=0.5)
        one.flush()
        assert store.metrics.last([one.id])[one.id]["loss"].value == 0.5
        assert get_run(one.id, store).status == "running"


def test_what_is_logged_is_written_in_the_background(store: Store) -> None:
    with run("slow", store=store) as one:
        one.log_metrics(loss=0.5)
        patience = time.monotonic() + 10
        while not store.metrics.last([one.id])[one.id]:
            assert time.monotonic() < patience, "nothing was written in 10 s"
            time.sleep(0.05)


def test_points_from_many_threads_are_all_kept(store: Store) -> None:
    def work(key: str) -> None:
        for step in range(500):
            parent.log_metrics({key: step}, step=step)

    with run("threads", store=store) as parent:
        threads = [threading.Thread(target=work, args=(f"m{number}",)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = get_run(parent.id, store)
    assert [len(found.history(f"m{number}")) for number in range(4)] == [500] * 4


def test_a_nested_run_is_a_part_of_the_outer_one(store: Store) -> None:
    with run("outer", store=store) as outer:
        assert current_run() is outer
        with run("inner") as inner:
            assert current_run() is inner
        assert current_run() is outer
    assert current_run() is None
    assert get_run(inner.id, store).parent == outer.id
    assert inner.id in {node.id for node in store.nodes.ancestors(outer.id).nodes}


def test_files_and_folders_are_kept_as_artifacts(store: Store, tmp_path: Path) -> None:
    plots = tmp_path / "plots"
    (plots / "deep").mkdir(parents=True)
    (plots / "roc.svg").write_text("<svg/>")
    (plots / "deep" / "loss.svg").write_text("<svg>loss</svg>")
    with run("baseline", store=store) as one:
        one.log_artifact(plots)
        one.log_artifact(plots / "roc.svg", "first.svg")
        one.log_bytes("notes/note.txt", "fine")
    found = get_run(one.id, store)
    assert set(found.artifacts) == {"plots/roc.svg", "plots/deep/loss.svg", "first.svg", "notes/note.txt"}
    assert found.read("plots/deep/loss.svg") == b"<svg>loss</svg>"
    with pytest.raises(NotFound, match=r"did you mean 'first\.svg'"):
        found.read("frst.svg")


def test_an_artifact_never_changes(store: Store, tmp_path: Path) -> None:
    with run("baseline", store=store) as one:
        one.log_bytes("a.txt", b"one")
        one.log_bytes("a.txt", b"one")
        with pytest.raises(Conflict, match=r"artifact 'a\.txt' is kept already with other bytes"):
            one.log_bytes("a.txt", b"two")


def test_a_label_with_nul_is_refused_at_once_and_the_run_goes_on(store: Store) -> None:
    with run("baseline", store=store) as one, pytest.raises(BadInput, match="label 'k' has a NUL character"):
        one.label("k", "v\0")
    assert one.status == "finished"


def test_a_missing_artifact_is_an_error_that_names_the_path(store: Store, tmp_path: Path) -> None:
    with run("baseline", store=store) as one, pytest.raises(NotFound, match="nowhere"):
        one.log_artifact(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["/etc/passwd", "../up", "a/../../b", "a\0b"])
def test_an_artifact_stays_inside_its_run(store: Store, name: str) -> None:
    with run("baseline", store=store) as one, pytest.raises(BadInput, match="no name for an artifact"):
        one.log_bytes(name, b"")


def test_inputs_and_outputs_are_ancestors_and_descendants(store: Store) -> None:
    read, made = a_file_node(store, "aa" * 32), a_file_node(store, "bb" * 32)
    with run("baseline", store=store) as one:
        one.input(read, role="train")
        one.output(made, role="model")
    assert read in {node.id for node in store.nodes.ancestors(made).nodes}
    assert made in {node.id for node in store.nodes.descendants(one.id).nodes}


def test_a_run_is_informed_by_the_activity_that_made_its_input(store: Store) -> None:
    with run("first", store=store) as first:
        first.output(made := a_file_node(store))
    with run("second", store=store) as second:
        second.input(made)
    edges = store.nodes.edges([second.id], "out", "informed")
    assert [edge.dst for edge in edges] == [first.id]


def test_an_unknown_input_is_refused_at_its_line(store: Store) -> None:
    with run("baseline", store=store) as one:
        with pytest.raises(NotFound):
            one.input("0123456789ab")
        with pytest.raises(BadInput, match="a dict is not recorded anywhere"):
            one.input({})  # type: ignore[arg-type]


def test_code_and_environment_are_recorded_once_for_all_runs_of_a_process(store: Store) -> None:
    for name in ("one", "two"):
        with run(name, store=store):
            pass
    used = [
        {edge.role: edge.dst for edge in store.nodes.edges([found.id], "out", "used")} for found in runs(store=store)
    ]
    assert used[0] == used[1]
    assert set(used[0]) == {"code", "environment"}
    environment = store.nodes.get([used[0]["environment"]])[0]
    assert "numpy" in environment.doc["packages"]


def test_a_run_is_used_only_while_it_runs(store: Store) -> None:
    one = run("baseline", store=store)
    with pytest.raises(RunEnded, match="has not started"):
        one.log(lr=1)
    with one:
        pass
    with pytest.raises(RunEnded, match=r"has ended \(finished\)"):
        one.log_metrics(loss=1.0)


def test_a_run_needs_a_name(store: Store) -> None:
    with pytest.raises(BadInput, match="the run name is empty"):
        run("", store=store)


def test_a_fork_of_the_process_does_not_write_into_its_run(store: Store) -> None:
    with run("baseline", store=store) as one:
        child = os.fork()
        if child == 0:
            try:
                one.log(lr=1)
            except RunEnded:
                os._exit(0)
            os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
    assert get_run(one.id, store).status == "finished"


def test_runs_are_found_by_experiment_status_parameter_and_metric(store: Store) -> None:
    for number in range(4):
        with run(f"r{number}", experiment="even" if number % 2 == 0 else "odd", store=store) as one:
            one.log(number=number)
            one.log_metrics(loss=number / 10)
    assert [found.name for found in runs(store=store)] == ["r3", "r2", "r1", "r0"]
    assert [found.name for found in runs(experiment="even", store=store)] == ["r2", "r0"]
    assert [found.name for found in runs(experiment="even", limit=1, store=store)] == ["r2"]
    assert [found.name for found in runs("metric.loss<0.15", store=store)] == ["r1", "r0"]
    assert [found.name for found in runs("param.number=2", status="finished", store=store)] == ["r2"]
    assert runs(project="another", store=store) == []


def test_an_id_of_something_else_is_not_a_run(store: Store) -> None:
    with pytest.raises(BadInput, match="is a file, not a run"):
        get_run(a_file_node(store), store)


@pytest.mark.parametrize("step", [2**63, -(2**63) - 1, 1.5, math.nan, math.inf, "3", [1]])
def test_a_step_that_is_no_whole_number_of_64_bits_is_refused_at_the_call(store: Store, step: Any) -> None:
    with run("baseline", store=store) as one:
        with pytest.raises(BadInput, match=r"run 'baseline': metric 'loss': step .*(64 bits|whole number); nothing"):
            one.log_metrics(loss=1, step=step)
        one.log_metrics(loss=1, step=2**63 - 1)
        with pytest.raises(BadInput, match="64 bits"):
            one.log_metrics(loss=1)
        one.log_metrics(accuracy=1, step=np.int64(3))
    assert [point.step for point in get_run(one.id, store).history("loss")] == [2**63 - 1]


@pytest.mark.parametrize("key", ["\ud800", "", "a" * 251, "a\nb", 3])
def test_a_key_that_cannot_be_kept_is_refused_at_the_call_and_no_later_run_suffers(store: Store, key: Any) -> None:
    with run("baseline", store=store) as one:
        says: list[Callable[[], None]] = [
            lambda: one.log({"good": 1, key: 1}),
            lambda: one.log_metrics({"good": 1, key: 1}),
            lambda: one.label(key, "a"),
        ]
        for say in says:
            with pytest.raises(BadInput, match=r"run 'baseline': .* the name .*; nothing was logged. Use"):
                say()
    with run("next", store=store) as two:
        two.log_metrics(loss=1)
    found = get_run(one.id, store)
    assert (found.params, found.metrics, found.status) == ({}, {}, "finished")
    assert get_run(two.id, store).metrics == {"loss": 1}


def test_text_that_utf8_cannot_hold_is_refused_at_the_call(store: Store) -> None:
    half = "caf\udce9"
    with pytest.raises(BadInput, match="U\\+DCE9, which cannot be printed"):
        run(half)
    with pytest.raises(BadInput, match="its experiment has"):
        run("baseline", experiment=half)
    with run("baseline", store=store) as one:
        says: list[Callable[[], None]] = [
            lambda: one.log(path=half),
            lambda: one.label("note", half),
            lambda: one.log_bytes(half, b""),
            lambda: one.log_bytes("a.txt", half),
            lambda: one.output(one, half),
        ]
        for say in says:
            with pytest.raises(BadInput, match=r"run 'baseline': .*'\\udce9' at 3, half of a character"):
                say()
    assert get_run(one.id, store).params == {}


def test_an_error_and_arguments_that_utf8_cannot_hold_are_escaped(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["train.py", "caf\udce9"])
    with pytest.raises(ValueError, match="no file"), run("baseline", store=store) as one:
        raise ValueError("no file caf\udce9")
    found = get_run(one.id, store)
    assert (found.status, found.error) == ("failed", "ValueError: no file caf\\udce9")
    assert store.nodes.get([one.id])[0].doc["arguments"] == ["caf\\udce9"]
