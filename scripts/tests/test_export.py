import json
import shutil

import gguf
import numpy as np
import onnx
import pytest
import torch
from conftest import RL_ROWS
from safetensors.torch import load_file, save_file

FORMATS = ["gguf", "onnx"]


def exported(stage, base, formats=FORMATS, **sections):
    return stage("export", RL_ROWS, base=base, deploy={"exports": formats}, **sections)


def in_float32(base, target):
    folder = shutil.copytree(base, target)
    weights = {name: weight.float() for name, weight in load_file(folder / "model.safetensors").items()}
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory, make_base, profiles):
    """Both formats of one model with untied weights, its run and its folder."""
    from stages import make_stage

    parent = tmp_path_factory.mktemp("export")
    base = in_float32(make_base(tied=False, seed=3), parent / "model")
    run = make_stage(
        parent, profiles["tiny"], "export", RL_ROWS, base,
        deploy={"exports": FORMATS},
        prompt={"system": "You know finance.", "teacher": "none", "base": "none"},
    )  # fmt: skip
    assert run.run() == 0, run.log()
    return run, base


def test_llama_cpp_reads_the_same_prompts_and_writes_the_same_texts(made):
    run, _ = made
    assert run.end() == ("done", None)
    told = run.events("step")[0]["metrics"]
    tokens = sum(
        len(text["answer"]) for text in json.loads((run.folder / "reference.json").read_text())["texts"]
    )
    assert (told["ggufPrompts"], told["ggufTokens"], told["ggufSameTexts"]) == (8, tokens, 8)
    assert told["ggufSameTokens"] == tokens
    assert told["ggufIsFloat32"] == 1
    assert 0 < told["ggufMaxLogprobDifference"] < 1e-3


def assert_same_weights(run, base):
    reader = gguf.GGUFReader(run.folder / "exported" / "gguf" / "model.gguf")
    weights = load_file(base / "model.safetensors")
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.QWEN2, 2)
    written = {tensor.name: tensor for tensor in reader.tensors}
    assert len(written) == len(weights)
    for name, weight in weights.items():
        tensor = written[names.get_name(name, try_suffixes=(".weight", ".bias"))]
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        assert np.array_equal(values.reshape(weight.shape), weight.float().numpy()), name
    return reader


def test_a_gguf_file_holds_every_weight_as_it_was_and_the_numbers_that_shape_the_model(made):
    run, base = made
    reader = assert_same_weights(run, base)
    config = json.loads((base / "config.json").read_text())

    def field(name):
        return reader.get_field(name).contents()

    assert field("qwen2.rope.freq_base") == pytest.approx(config["rope_parameters"]["rope_theta"])
    assert field("qwen2.attention.layer_norm_rms_epsilon") == pytest.approx(config["rms_norm_eps"])
    assert field("tokenizer.ggml.eos_token_id") == config["eos_token_id"]
    assert field("tokenizer.chat_template") == (base / "chat_template.jinja").read_text()
    assert field("tokenizer.ggml.token_type")[:4] == [3, 3, 3, 1]  # special tokens are no text


def test_bfloat16_stays_bfloat16_and_a_tied_output_layer_is_not_written_twice(stage, base):
    run = exported(stage, base, ["gguf"])
    assert run.run() == 0, run.log()
    assert run.events("step")[0]["metrics"]["ggufIsFloat32"] == 0
    reader = assert_same_weights(run, base)
    assert "output.weight" not in {tensor.name for tensor in reader.tensors}


def test_an_onnx_graph_has_the_names_and_shapes_that_transformers_js_reads(made):
    run, base = made
    folder = run.folder / "exported" / "onnx"
    graph = onnx.load(folder / "onnx" / "model.onnx").graph
    inputs, outputs = ([value.name for value in values] for values in (graph.input, graph.output))
    cache = [f"{i}.{part}" for i in range(2) for part in ("key", "value")]
    assert inputs == ["input_ids", "attention_mask", "position_ids"] + [f"past_key_values.{c}" for c in cache]
    assert outputs == ["logits"] + [f"present.{c}" for c in cache]
    shape = [d.dim_param or d.dim_value for d in graph.input[3].type.tensor_type.shape.dim]
    config = json.loads((base / "config.json").read_text())
    heads, width = config["num_key_value_heads"], config["hidden_size"] // config["num_attention_heads"]
    assert shape == ["batch_size", heads, "past_sequence_length", width]
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    assert settings["chat_template"] == (base / "chat_template.jinja").read_text()


def test_ollama_is_told_the_template_and_the_system_message(made):
    run, _ = made
    told = (run.folder / "exported" / "gguf" / "Modelfile").read_text()
    assert told.startswith('FROM ./model.gguf\nTEMPLATE """{{- range .Messages }}<|im_start|>{{ .Role }}\n')
    assert 'SYSTEM """You know finance."""' in told
    assert "temperature 0" in told


def test_a_chat_template_that_is_no_chatml_makes_no_modelfile():
    from sidecar.modelfile import chatml, modelfile
    from sidecar.reference import Reference, Text

    chat = [{"role": "user", "content": "1 + 1?"}]

    def of(rendered):
        return modelfile(Reference([2], [Text(chat, rendered, [1], [2])], []))

    assert of("[INST] 1 + 1? [/INST]") is None
    assert "SYSTEM" not in of(chatml(chat))
    assert 'SYSTEM """Be kind."""' in of("<|im_start|>system\nBe kind.<|im_end|>\n" + chatml(chat))


def change(base, target, name, **values):
    folder = shutil.copytree(base, target)
    path = folder / name
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))
    return folder


def test_another_architecture_is_refused_before_anything_is_written(stage, base, tmp_path):
    run = exported(stage, change(base, tmp_path / "other", "config.json", model_type="llama"))
    assert run.run() == 1
    assert run.end() == ("failed", "not_exportable")
    assert 'model_type: expected "qwen2", found "llama"' in run.events("end")[0]["message"]
    assert not list(run.folder.glob("*exported*"))


def test_a_tokenizer_that_llama_cpp_does_not_know_is_refused_and_nothing_stays(stage, base, tmp_path):
    digits = {"type": "Digits", "individual_digits": False}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True, "trim_offsets": True}
    words = {"type": "Sequence", "pretokenizers": [digits, byte_level]}
    run = exported(stage, change(base, tmp_path / "other", "tokenizer.json", pre_tokenizer=words), ["gguf"])
    assert run.run() == 1
    assert run.end() == ("failed", "not_exportable")
    assert "would read other tokens" in run.events("end")[0]["message"]
    assert not list(run.folder.glob("*exported*"))


def test_a_file_with_another_tokenizer_is_found_by_llama_cpp(stage, base, monkeypatch):
    from gguf import GGUFWriter

    whole = GGUFWriter.add_token_merges
    monkeypatch.setattr(GGUFWriter, "add_token_merges", lambda self, merges: whole(self, merges[:1]))
    run = exported(stage, base, ["gguf"])
    assert run.run() == 1
    assert run.end() == ("failed", "parity")
    assert "tokenizer reads another prompt" in run.events("end")[0]["message"]
    assert not list(run.folder.glob("*exported*"))


def test_other_weights_in_the_file_are_found_by_llama_cpp(stage, base, monkeypatch):
    from sidecar import gguf_file

    def spoilt(source):
        for name, part in gguf_file_tensors(source):
            yield name, Negated(part) if name == "model.layers.1.mlp.up_proj.weight" else part

    gguf_file_tensors = gguf_file.tensors
    monkeypatch.setattr(gguf_file, "tensors", spoilt)
    run = exported(stage, base, ["gguf"])
    assert run.run() == 0, run.log()  # lib judges the numbers
    assert run.events("step")[0]["metrics"]["ggufMaxLogprobDifference"] > 0.3


class Negated:
    def __init__(self, part):
        self.part = part

    def get_shape(self):
        return self.part.get_shape()

    def get_dtype(self):
        return self.part.get_dtype()

    def __getitem__(self, at):
        return -self.part[at]


@pytest.mark.parametrize("package", ["gguf", "onnxscript"])
def test_a_package_that_is_missing_is_named(stage, base, monkeypatch, package):
    monkeypatch.setitem(__import__("sys").modules, package, None)
    run = exported(stage, base, ["gguf" if package == "gguf" else "onnx"])
    assert run.run() == 1
    assert run.end() == ("failed", "no_package")
    assert "npm start installs" in run.events("end")[0]["message"]


def test_without_llama_cpp_the_file_is_written_and_said_to_be_unchecked(stage, base, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "xllamacpp", None)
    run = exported(stage, base, ["gguf"])
    assert run.run() == 0, run.log()
    assert run.events("warning")[0]["code"] == "unchecked"
    assert "ggufPrompts" not in run.events("step")[0]["metrics"]


def test_a_full_disk_ends_the_run_and_leaves_no_half_of_a_file(stage, base, monkeypatch):
    import errno

    from gguf import GGUFWriter

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device", "model.gguf")

    monkeypatch.setattr(GGUFWriter, "write_tensor_data", full)
    run = exported(stage, base, ["gguf"])
    assert run.run() == 1
    assert run.end() == ("failed", "disk_full")
    assert not list(run.folder.glob("*exported*")) and not list(run.folder.glob(".*exported*"))


def test_a_killed_export_publishes_nothing_and_the_next_one_starts_over(stage, base):
    run = exported(stage, base)
    run.kill_after(1)  # gguf is written, onnx is not
    assert not (run.folder / "exported").exists()
    told = json.loads(run.run_file.read_text())
    told["config"]["deploy"]["exports"] = ["gguf"]  # the other one takes long
    run.run_file.write_text(json.dumps(told))
    assert run.run() == 0, run.log()
    assert {path.name for path in (run.folder / "exported").iterdir()} == {"gguf"}
    assert not list(run.folder.glob(".*exported*"))


def test_the_reference_ends_where_the_model_ends_and_keeps_the_logits_it_says(made):
    run, _ = made
    told = json.loads((run.folder / "reference.json").read_text())
    logits = load_file(run.folder / "reference.safetensors")
    for i, text in enumerate(told["texts"]):
        assert torch.equal(logits[str(i)].argmax(1), torch.tensor(text["answer"]))
        assert not set(text["answer"][:-1]) & set(told["ends"])
