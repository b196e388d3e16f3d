"""A value means the same on the command line, in a YAML file and in an entry of a list."""

from collections.abc import Mapping
from dataclasses import asdict, field, make_dataclass
from typing import Any, Literal, get_args, get_origin

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.command_line import exit_status
from landmark_lib.settings import (
    EvaluateSettings,
    MemberSettings,
    PredictSettings,
    PreprocessSettings,
    TrainSettings,
    TuneSettings,
    declared_in,
    from_flat,
    option,
)
from landmark_lib.storage import resolve

JOBS = {
    "preprocess": PreprocessSettings,
    "train": TrainSettings,
    "tune": TuneSettings,
    "evaluate": EvaluateSettings,
    "predict": PredictSettings,
}
# Unquoted YAML. In some version of YAML, each has a type other than text.
PLAIN = ["no", "Yes", "on", "true", "0:0.8", "12:30:45", "007", "2024_01", "1_000", "0x10", "0o17", "1e-4"]
PLAIN += [".5", "1.0", "+1", ".inf", ".nan", "2024-01-01", "2024-01-01 10:00:00", "~/m", "=", "<<", "-np 2"]
PLAIN += ["café", "gs://bucket/a#b?c=%20d", "C:\\m"]
QUOTED = {"'null'": "null", "'~'": "~", "''": "", '"no"': "no", '"a\\tb"': "a\tb", "|-\n  007": "007"}
WHOLE = {"7": 7, "007": 7, "+3": 3, "-1": -1, "'12'": 12, "0": 0}
NO_WHOLE = [
    "1.9",
    "10.0",
    "1e2",
    "1_000",
    "0x10",
    "0o17",
    "1:30",
    "no",
    "2024-01-01",
    "''",
    "9" * 30,
    "9" * 5000,
]
NUMBERS = {"0.5": 0.5, ".5": 0.5, "5.": 5.0, "1e-4": 1e-4, "1.0e-05": 1e-5, "-2E+1": -20.0, "7": 7.0}
NO_NUMBERS = [
    "nan",
    ".nan",
    "inf",
    "-inf",
    ".inf",
    "Infinity",
    "1e999",
    "0:0.8",
    "0x10",
    "1_0.5",
    "yes",
    "1,5",
    "''",
]
FLAGS = {
    "yes": True,
    "NO": False,
    "true": True,
    "False": False,
    "On": True,
    "off": False,
    "1": True,
    "0": False,
}
NO_FLAGS = ["maybe", "2", "''", "[yes]", "yes please"]
NO_VALUE = ["", " ", "~", "null", "Null", "NULL"]
STRUCTURES = {"{a: 1}": "a mapping", "[[1]]": "a list", "[]": "a list"}


def unchecked(settings_class):
    """Return a class with the fields of another that accepts every value of their types."""
    described = [
        (
            each.field.name,
            tuple[Mapping[str, Any], ...] if get_origin(each.hint) is tuple else each.hint,
            field(default=each.field.default, metadata=each.field.metadata),
        )
        for each in declared_in(settings_class)
    ]
    return make_dataclass(settings_class.__name__, described, frozen=True)


def of_type(wanted):
    """Return the fields of all jobs of a type, except those that also accept a list."""
    return [
        (job, each.field.name)
        for job, settings_class in JOBS.items()
        for each in declared_in(settings_class)
        if wanted in (each.hint, *get_args(each.hint)) and get_origin(each.hint) is not tuple
    ]


def read(settings_class, tmp_path, content, *arguments):
    """Return the settings of a file, or None after an error of one line."""
    file = tmp_path / "settings.yaml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    received = []
    status = exit_status(settings_class, received.append, ["--config", str(file), *arguments])
    assert status == (0 if received else 2)
    return received[0] if received else None


def refused(capsys, *parts):
    """Return whether the only output was one line with these parts."""
    out, err = capsys.readouterr()
    assert (out, err.count("\n"), err[:7]) == ("", 1, "error: "), err
    assert [part for part in parts if part not in err] == [], err


def without_quotes(written):
    """Return a value of YAML as a shell gives it to a program."""
    return yaml.load(written, yaml.BaseLoader)  # noqa: S506 - it makes texts only


def both_ways(job, name, written, tmp_path):
    """Return what a value becomes on the command line and in a file."""
    settings_class = unchecked(JOBS[job])
    in_file = read(settings_class, tmp_path, f"{name}: {written}\n")
    received = []
    given = without_quotes(written)
    if isinstance(settings_class.__dataclass_fields__[name].default, bool):
        return [getattr(in_file, name)]
    assert exit_status(settings_class, received.append, [f"{option(name)}={given}"]) == 0
    return [getattr(in_file, name), getattr(received[0], name)]


@pytest.mark.parametrize(("job", "name"), of_type(str))
def test_text_stays_as_written(job, name, tmp_path):
    is_place = "place" in unchecked(JOBS[job]).__dataclass_fields__[name].metadata
    for written, text in [*zip(PLAIN, PLAIN, strict=True), *QUOTED.items()]:
        if is_place and not text:  # no place at all
            continue
        meant = resolve(text) if is_place else text
        assert both_ways(job, name, written, tmp_path) == [meant, meant], written


@pytest.mark.parametrize(("job", "name"), of_type(int))
def test_a_whole_number_is_read_exactly(job, name, tmp_path):
    for written, meant in WHOLE.items():
        assert both_ways(job, name, written, tmp_path) == [meant, meant], written


@pytest.mark.parametrize(("job", "name"), of_type(float))
def test_a_number_is_read_exactly(job, name, tmp_path):
    for written, meant in NUMBERS.items():
        read_values = both_ways(job, name, written, tmp_path)
        assert read_values == [meant, meant], written
        assert [type(value) for value in read_values] == [float, float]


@pytest.mark.parametrize(("job", "name"), of_type(bool))
def test_a_flag_takes_the_usual_words(job, name, tmp_path):
    for written, meant in FLAGS.items():
        assert both_ways(job, name, written, tmp_path) == [meant], written


@pytest.mark.parametrize(
    ("job", "name", "wrong", "expected"),
    [
        *((job, name, NO_WHOLE, "a whole number") for job, name in of_type(int)),
        *((job, name, NO_NUMBERS, "a number") for job, name in of_type(float)),
        *((job, name, NO_FLAGS, "yes or no") for job, name in of_type(bool)),
    ],
)
def test_value_that_does_not_convert_exactly_is_refused_by_name(job, name, wrong, expected, tmp_path, capsys):
    settings_class = unchecked(JOBS[job])
    for written in wrong:
        assert read(settings_class, tmp_path, f"{name}: {written}\n") is None
        refused(capsys, f"settings.yaml: {option(name)}: expected {expected}", "received ")
        if expected != "yes or no":
            assert exit_status(settings_class, print, [f"{option(name)}={without_quotes(written)}"]) == 2
            refused(capsys, f"error: {option(name)}: expected {expected}", "received ")


@pytest.mark.parametrize("job", JOBS)
def test_a_choice_is_one_of_its_words_exactly(job, tmp_path, capsys):
    settings_class = unchecked(JOBS[job])
    for name, hint in ((each.field.name, each.hint) for each in declared_in(JOBS[job])):
        if get_origin(hint) is Literal:
            for word in get_args(hint):
                assert both_ways(job, name, word, tmp_path) == [word, word]
            for wrong in (get_args(hint)[0].upper(), get_args(hint)[0][:-1], "''", "[all]"):
                assert read(settings_class, tmp_path, f"{name}: {wrong}") is None
                refused(capsys, f"{option(name)}: expected one of {', '.join(get_args(hint))}, received")


@pytest.mark.parametrize("job", JOBS)
def test_a_setting_without_a_value_is_the_default(job, tmp_path):
    for of in (each.field for each in declared_in(JOBS[job])):
        for nothing in NO_VALUE:
            assert read(JOBS[job], tmp_path, f"{of.name}: {nothing}\n") == JOBS[job]()


@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize("written", STRUCTURES)
def test_a_structure_instead_of_a_value_is_refused_by_name(job, written, tmp_path, capsys):
    for of in (each.field for each in declared_in(JOBS[job])):
        if of.default == () or (of.metadata.get("listed") and written == "[]"):
            continue
        assert read(JOBS[job], tmp_path, f"{of.name}: {written}\n") is None
        refused(capsys, f"settings.yaml: {option(of.name)}: expected ", f", received {STRUCTURES[written]}")


@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{0}: 1\n{0}: 2\n", "{1}: expected once, received twice, line 2"),
        ("{0}: &a 1\n{0}x: *a\n", "{1}x: expected a value, received the alias *a, line 2"),
        ("<<: {{{0}: 1}}\n", "no setting is called <<"),
        ("{0}: !!int 1\n", "{1}: expected a value, received the tag !!int, line 1"),
        (
            "{0}: !!python/object/apply:os.getpid []\n",
            "{1}: expected a value, received the tag !!python/object",
        ),
        ("{0}: !mine 1\n", "{1}: expected a value, received the tag !mine, line 1"),
        ("{0}: 1\n---\n{0}: 1\n", "not YAML: but found another document, line 2"),
        ("- {0}\n", "expected a mapping of settings, received a list"),
        ("{0}\n", "expected a mapping of settings, received '{0}'"),
        ("", "expected a mapping of settings, received nothing"),
        ("# {0}: 1\n", "expected a mapping of settings, received nothing"),
        ("? [{0}]\n: 1\n", "expected the name of a setting, received a list, line 1"),
        ("{0}: a: b\n", "not YAML: mapping values are not allowed here, line 1"),
        ("{0}: [\n", "not YAML: "),
        ("config: other.yaml\n", "no setting is called config"),
        ("version: 1\n", "no setting is called version"),
        ("help: yes\n", "no setting is called help"),
        ("{0}: \xff".encode("latin-1"), "not YAML in UTF-8 or UTF-16: invalid start byte"),
        ("{0}: \x1b[2J\n", "not YAML in UTF-8 or UTF-16: special characters are not allowed"),
        ("{0}: 1".encode("utf-16-be"), "not YAML in UTF-8 or UTF-16: special characters are not allowed"),
    ],
)
def test_a_file_without_settings_is_reported_in_one_line(job, content, message, tmp_path, capsys):
    name = declared_in(JOBS[job])[0].field.name
    if isinstance(content, bytes):
        content = content.replace(b"{0}", name.encode())
    else:
        content = content.replace("{0}", name).replace("{{", "{").replace("}}", "}")
    assert read(JOBS[job], tmp_path, content) is None
    refused(capsys, "error: --config ", "settings.yaml: ", message.format(name, option(name)))


def test_a_file_nested_deeper_than_python_reads_is_reported_in_one_line(tmp_path, capsys):
    assert read(TrainSettings, tmp_path, "epochs: " + "[" * 3000) is None
    refused(capsys, "settings.yaml: lists or mappings are nested too deeply")


@pytest.mark.parametrize("first", ["batch-size: 1", "batch_size: 1"])
def test_a_setting_given_in_both_spellings_is_refused(first, tmp_path, capsys):
    assert read(TrainSettings, tmp_path, f"{first}\nbatch-size: 2\n") is None
    refused(capsys, "--batch-size: expected once, received twice, line 2")


def test_the_name_of_a_setting_that_is_nearly_right_is_suggested(tmp_path, capsys):
    assert read(TrainSettings, tmp_path, "droput: 0.5\n") is None
    refused(capsys, "no setting is called droput; did you mean dropout?")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_may_begin_with_a_byte_order_mark(encoding, tmp_path):
    settings = read(TrainSettings, tmp_path, "models: cafés\nepochs: 3\n".encode(encoding))
    assert (settings.models, settings.ending.epochs) == ("cafés", 3)


def test_a_value_out_of_range_names_the_file_it_is_from(tmp_path, capsys):
    assert read(TrainSettings, tmp_path, "dropout: 1.5\n") is None
    wrong = "--dropout: expected at least 0, below 1, received 1.5"
    refused(capsys, "error: --config ", f"settings.yaml: {wrong}")
    assert read(TrainSettings, tmp_path, "epochs: 1\n", "--dropout", "1.5") is None
    refused(capsys, f"error: {wrong}")


def test_the_command_line_wins_over_a_value_that_does_not_convert(tmp_path):
    assert read(TrainSettings, tmp_path, "epochs: many\n", "--epochs", "2").ending.epochs == 2


# As users write them: the content of a file, and the resulting settings.
@pytest.mark.parametrize(
    ("job", "content", "expected"),
    [
        ("tune", "dropout: 0:0.8\nl2: 1e-3:1", {"dropout": "0:0.8", "l2": "1e-3:1"}),
        ("tune", "trainable_layers: [0, 3, all]", {"trainable_layers": "0,3,all"}),
        ("tune", "trainable-layers:\n- 0\n- 007", {"trainable_layers": "0,007"}),
        ("tune", "optimizer: [adam]", {"optimizer": "adam"}),
        ("tune", "horovodrun-args: -np 2 -H a:1,b:1", {"horovodrun_args": "-np 2 -H a:1,b:1"}),
        ("train", "models: 2024_01\nmember: 007", {"models": "2024_01", "member": "007"}),
        ("train", "l2: 1e-4\ntrainable_layers: all", {"l2": 1e-4, "trainable_layers": "all"}),
        ("train", "random-flip: No\nfp16-gradients: 'yes'", {"random_flip": False, "fp16_gradients": True}),
        ("preprocess", "user_agent: no\noutput: 2024-01-01", {"user_agent": "no", "output": "2024-01-01"}),
        ("preprocess", "cutoff: ~\ntimeout: 1e1", {"cutoff": None, "timeout": 10.0}),
        ("evaluate", "output: 1_000\nno-landmark: on", {"output": "1_000", "no_landmark": "on"}),
        ("predict", "input: 1:30\nnames: 1.0\ntop-k: 07", {"input": "1:30", "names": "1.0", "top_k": 7}),
    ],
)
def test_typical_files_have_the_intended_meaning(job, content, expected, tmp_path):
    assert read(JOBS[job], tmp_path, content) == from_flat(JOBS[job], expected)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("dropout: [0, 0.8]", "--dropout: expected text, received a list"),
        (
            "trainable_layers: [0, ~]",
            "--trainable-layers: expected comma-separated values or a list",
        ),
        (
            "trainable_layers: [0, [3]]",
            "--trainable-layers: expected comma-separated values or a list",
        ),
        ("trainable_layers: [0, *a]", "--trainable-layers: entry 2: expected a value, received the alias *a"),
        (
            "trainable_layers: 0,1.9",
            "--trainable-layers: expected a list of whole numbers or 'all', received 1.9",
        ),
        (
            "trainable_layers: [3, 03]",
            "--trainable-layers: expected a list of different values, received 3,03",
        ),
        ("trainable_layers: []", "--trainable-layers: expected a list of "),
        ("l2: 1_0:2_0", "--l2: expected low:high or one number, received 1_0:2_0"),
        ("learning_rate: 1e-4:inf", "--learning-rate: expected low:high or one number, received 1e-4:inf"),
    ],
)
def test_wrong_searches_are_refused_by_name(content, message, tmp_path, capsys):
    assert read(TuneSettings, tmp_path, content) is None
    refused(capsys, "settings.yaml: ", message)


MEMBERS = (
    "members: [{dropout: .5}, {l2: 1e-3, cache-features: No}, {trainable_layers: all, backbone: no}, {}]"
)
MEMBERS_MEANT = (
    {"dropout": 0.5},
    {"l2": 1e-3, "cache_features": False},
    {"trainable_layers": "all", "backbone": "no"},
    {},
)


def test_entries_of_members_are_read_like_options(tmp_path):
    meant = tuple(from_flat(MemberSettings, own) for own in MEMBERS_MEANT)
    assert read(TrainSettings, tmp_path, MEMBERS).members == meant
    received = []
    assert exit_status(TrainSettings, received.append, ["--members", MEMBERS.partition(" ")[2]]) == 0
    assert received[0].members == meant


def test_setting_of_a_member_without_a_value_is_the_common_one(tmp_path):
    settings = read(TrainSettings, tmp_path, "dropout: 0.3\nmembers: [{dropout: ~, l2: 1}]")
    assert settings.members == (from_flat(MemberSettings, {"dropout": 0.3, "l2": 1.0}),)
    assert settings.of_member(0).network.dropout == 0.3


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ("[{epochs: 1.9}]", "--members: entry 1: --epochs: expected a whole number, received '1.9'"),
        ("[{}, {dropout: nan}]", "--members: entry 2: --dropout: expected a number, received 'nan'"),
        ("[{dropout: [1]}]", "--members: entry 1: --dropout: expected a number, received a list"),
        ("[{droput: 1}]", "--members: entry 1: no setting is called droput; did you mean dropout?"),
        ("[{l2: 1, l2: 2}]", "--members: entry 1: --l2: expected once, received twice, line 1"),
        ("[{l2: !!float 1}]", "--members: entry 1: --l2: expected a value, received the tag !!float, line 1"),
        ("[{l2: *a}]", "--members: entry 1: --l2: expected a value, received the alias *a, line 1"),
        ("[7]", "--members: entry 1: expected a mapping, received '7'"),
        ("[~]", "--members: entry 1: expected a mapping, received nothing"),
        ("{l2: 1}", "--members: expected a list of mappings, received a mapping"),
        ("'5'", "--members: expected a list of mappings, received '5'"),
        ("'['", "--members: not YAML: "),
    ],
)
def test_wrong_entries_of_members_are_refused_by_name(members, message, tmp_path, capsys):
    assert read(TrainSettings, tmp_path, f"members: {members}") is None
    refused(capsys, "settings.yaml: ", message)
    assert exit_status(TrainSettings, print, ["--members", members.strip("'")]) == 2
    refused(capsys, f"error: {message}")


def values_of(hint, of):
    """Return a strategy for the values of a field of this type."""
    if get_origin(hint) is tuple:
        each = {one.field.name: values_of(one.hint, one.field) for one in declared_in(MemberSettings)}
        return st.lists(st.fixed_dictionaries({}, optional=each), max_size=3).map(tuple)
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if get_args(hint):
        return st.one_of(*(values_of(kind, of) for kind in get_args(hint)))
    texts = st.text(st.characters(codec=None, exclude_characters="\0"))
    texts |= st.sampled_from([*PLAIN, *QUOTED.values(), "null"])
    return {
        # A path that does not begin with `~` or a scheme is an address as it is.
        str: texts.map("data/{}".format) if "place" in of.metadata else texts,
        int: st.integers(-(2**63), 2**63 - 1),
        float: st.floats(allow_nan=False, allow_infinity=False),
        bool: st.booleans(),
        type(None): st.none(),
    }[hint]


@pytest.mark.parametrize("job", JOBS)
@given(data=st.data())
def test_settings_written_as_yaml_are_read_unchanged(job, data, tmp_path_factory):
    # As jobs/tune.py writes them.
    settings_class = unchecked(JOBS[job])
    declared = declared_in(JOBS[job])
    values = {each.field.name: data.draw(values_of(each.hint, each.field)) for each in declared}
    settings = settings_class(**values)
    content = yaml.safe_dump(asdict(settings), sort_keys=False)
    assert read(settings_class, tmp_path_factory.getbasetemp(), content) == settings
