"""Failures are told from one run to the next, and retries that succeed in the end are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from insarcast.core import counted, failures, job_name, note_failure, with_failures

JOB = job_name("train_tiles", {"study": "my area", "cube": "A", "batch": "0"})


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def planned() -> str:
    return with_failures("abc", failures().get(JOB, 0))


def test_every_failure_is_another_parameter_and_a_success_stays_what_it_was_planned_as() -> None:
    seen = [planned()]
    for _ in range(3):
        code = planned()
        with pytest.raises(OSError), counted(JOB, code):
            raise OSError
        note_failure(JOB, code)  # by the job, and by the workflow when it ends
        seen.append(planned())
    assert seen[0] == "abc"
    assert len(set(seen)) == 4
    with counted(JOB, planned()):
        pass
    assert planned() == seen[-1]


def test_an_attempt_that_is_made_again_with_success_is_no_failure() -> None:
    code = planned()
    with pytest.raises(KeyboardInterrupt), counted(JOB, code):
        raise KeyboardInterrupt
    assert planned() != code
    with counted(JOB, code):
        pass
    assert planned() == code == "abc"


def test_a_success_alone_leaves_no_note(tmp_path: Path) -> None:
    with counted(JOB, planned()):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_note_that_is_damaged_counts_as_none(tmp_path: Path) -> None:
    note_failure(JOB, planned())
    (tmp_path / ".snakemake/insarcast.undone" / JOB).write_text("")
    assert failures() == {}


def test_jobs_have_names_of_their_own() -> None:
    names = {
        job_name("r", {"study": "a", "cube": "b"}),
        job_name("r", {"study": "b", "cube": "a"}),
        job_name("r", {"study": "a,b", "cube": ""}),
    }
    assert len(names) == 3
    assert all("/" not in name for name in names | {job_name("r", {"study": "../x"})})
