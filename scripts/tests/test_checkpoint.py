import pytest
from sidecar.checkpoint import SEAL, newest_complete, replace_folder, seal


def checkpoint(folder, step, sealed=True):
    path = folder / f"checkpoint-{step}"
    path.mkdir()
    (path / "adapter_model.safetensors").write_bytes(bytes(range(256)) * 4)
    (path / "trainer_state.json").write_text(f'{{"global_step": {step}}}')
    if sealed:
        seal(path)
    return path


def flip(path):
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)


DAMAGES = {
    "it was not finished": lambda c: (c / SEAL).unlink(),
    "trainer_state.json is missing": lambda c: (c / "trainer_state.json").unlink(),
    "adapter_model.safetensors has 700 bytes instead of 1024": lambda c: (
        c / "adapter_model.safetensors"
    ).write_bytes(bytes(700)),
    "adapter_model.safetensors has another content": lambda c: flip(c / "adapter_model.safetensors"),
    "complete.json is damaged": lambda c: (c / SEAL).write_text('{"files"'),
}


@pytest.mark.parametrize("reason", DAMAGES)
def test_an_incomplete_checkpoint_is_passed_over_for_the_one_before_and_the_reason_said(tmp_path, reason):
    good, newest = checkpoint(tmp_path, 9), checkpoint(tmp_path, 10)
    DAMAGES[reason](newest)
    found, passed_over = newest_complete(tmp_path)
    assert found == good
    assert len(passed_over) == 1
    assert passed_over[0].startswith(f"checkpoint-10 is passed over: {reason}")


def test_the_highest_step_is_the_newest_not_the_last_in_the_alphabet(tmp_path):
    checkpoint(tmp_path, 9)
    newest = checkpoint(tmp_path, 100)
    assert newest_complete(tmp_path) == (newest, [])


def test_without_a_complete_checkpoint_training_starts_from_nothing(tmp_path):
    checkpoint(tmp_path, 5, sealed=False)
    (tmp_path / "checkpoint-x").mkdir()
    found, passed_over = newest_complete(tmp_path)
    assert found is None
    assert len(passed_over) == 1
    assert newest_complete(tmp_path / "absent") == (None, [])


def test_a_finished_folder_takes_the_place_of_the_old_one(tmp_path):
    for name in ("new", "old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "which").write_text(name)
    replace_folder(tmp_path / "new", tmp_path / "old")
    assert (tmp_path / "old" / "which").read_text() == "new"
    assert not (tmp_path / "new").exists()
