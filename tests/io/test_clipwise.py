from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from slr.errors import ClipError, SlrError
from slr.io.clipwise import (
    Failure,
    Job,
    apply_failure_policy,
    content_key,
    make_parts,
    make_parts_in_batches,
    prune,
    read_failures,
    read_parts,
    write_failures,
)
from slr.io.files import disk_errors


def row(argument: str) -> pa.Table:
    """A clip's rows, or the error that its argument asks for."""
    if argument == "bad":
        raise ClipError("too  bad")
    if argument == "bug":
        raise KeyError("pose")
    if argument == "disk":
        raise OSError(28, "No space left on device")
    return pa.table({"value": [argument]})


def make(work: Path, arguments: dict[str, str]) -> tuple[dict[str, Path], list[Failure]]:
    jobs = [Job(clip_id, content_key(clip_id, argument), argument) for clip_id, argument in arguments.items()]
    return make_parts("test", jobs, row, work, workers=1, unit="clip")


def test_parts_and_failures_come_in_the_order_of_the_jobs(tmp_path):
    parts, failures = make(tmp_path, {"c": "3", "b": "bug", "a": "1", "d": "bad"})
    assert [table["value"][0].as_py() for table in read_parts(parts)] == ["3", "1"]
    assert failures == [("b", "test", "KeyError: 'pose'"), ("d", "test", "too bad")]


def rows_until_it_breaks(arguments: list[str]) -> Iterator[tuple[int, pa.Table | Exception]]:
    """Of several clips, out of order; "broken" ends all that come later."""
    for index, argument in reversed(list(enumerate(arguments))):
        if argument == "broken":
            raise ClipError("cut off")
        try:
            yield index, row(argument)
        except ClipError as error:
            yield index, error


def test_in_a_batch_each_clip_has_its_own_part_or_failure(tmp_path):
    jobs = [Job(str(number), content_key(argument), argument)
            for number, argument in enumerate(["1", "broken", "bad", "3", "4"])]
    for _ in range(2):  # again, from the parts
        parts, failures = make_parts_in_batches("test", jobs, rows_until_it_breaks, tmp_path,
                                                lambda missing: [missing[:4], missing[4:]], workers=1, unit="clip")
        assert [table["value"][0].as_py() for table in read_parts(parts)] == ["3", "4"]
        assert failures == [("0", "test", "cut off"), ("1", "test", "cut off"), ("2", "test", "too bad")]


def test_a_part_is_made_once_and_pruned_when_no_longer_wanted(tmp_path):
    parts, _ = make(tmp_path, {"a": "1", "b": "2"})
    kept = parts["a"].stat().st_mtime_ns
    (tmp_path / ".half.tmp").mkdir()
    parts, _ = make(tmp_path, {"a": "1", "b": "changed"})
    assert len(list(tmp_path.iterdir())) == 4
    prune(tmp_path, parts.values())
    assert set(tmp_path.iterdir()) == set(parts.values()) and parts["a"].stat().st_mtime_ns == kept


def test_a_full_disk_is_not_the_clips_fault(tmp_path):
    with pytest.raises(SlrError, match="test: the disk is full while making .*/out; make room"), \
            disk_errors("test", tmp_path / "out"):
        make(tmp_path / "work", {"a": "1", "b": "disk"})
    assert len(list((tmp_path / "work").iterdir())) == 1


def test_failures_are_read_as_they_were_written(tmp_path):
    failures = [Failure("b", "frames", 'a "quoted", long\nreason'), Failure("a, b", "landmarks", "żółć")]
    write_failures(tmp_path, failures)
    assert read_failures(tmp_path) == sorted(failures)
    assert (tmp_path / "failures.csv").read_text().splitlines()[0] == "clip,stage,reason"
    assert read_failures(tmp_path / "nowhere") == []


@pytest.mark.parametrize("n_failed, n_clips, options, goes_on", [
    (0, 5, {"on_error": "fail", "max_failures": 0}, True),
    (1, 5, {"on_error": "fail", "max_failures": 1}, False),
    (1, 5, {"on_error": "skip", "max_failures": 0.2}, True),
    (2, 5, {"on_error": "skip", "max_failures": 0.2}, False),
    (5, 5, {"on_error": "skip", "max_failures": 1}, False),
])
def test_a_stage_goes_on_without_a_few_clips_if_told_to(tmp_path, n_failed, n_clips, options, goes_on):
    out = tmp_path / "out"
    out.mkdir()
    (out / "00000.parquet").touch()
    failures = [Failure(f"clip{i}", "test", "too bad") for i in range(n_failed)]
    if goes_on:
        apply_failure_policy("test", failures, n_clips, out, **options)
        return
    with pytest.raises(SlrError, match=f"test: {n_failed} of {n_clips} clips.*\n  clip 'clip0': too bad"):
        apply_failure_policy("test", failures, n_clips, out, **options)
    assert [path.name for path in out.iterdir()] == ["failures.csv"]
    assert read_failures(out) == failures


def test_an_error_names_some_of_many_clips(tmp_path):
    failures = [Failure(f"clip{i:02d}", "test", "too bad") for i in range(25)]
    with pytest.raises(SlrError, match="and 15 more"):
        apply_failure_policy("test", failures, 100, tmp_path / "out", on_error="fail", max_failures=0)
