"""`headwater recipes`: what it lists, shows and writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from headwater.cli import main
from recipes.named import RECIPES


def run(capsys: pytest.CaptureFixture[str], verb: str, *words: str, lake: Path) -> tuple[int, str, str]:
    code = main(["recipes", verb, *words, "--lake", str(lake)])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_a_recipe_is_written_listed_shown_and_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    setting, seed = "clean.rules.duplicate_lines.maximum=0.4", "training.seed=3"
    code, out, _ = run(capsys, "new", "strict", "--base", "demo", "--set", setting, "--set", seed, lake=tmp_path)
    path = tmp_path / "recipes" / "strict.toml"
    assert code == 0 and out.splitlines()[0] == str(path)
    assert out.splitlines()[-1] == f"Next: headwater demo --recipe strict --lake {tmp_path}"
    written = 'base = "demo"\nclean.rules.duplicate_lines.maximum = 0.4\ntraining.seed = 3\n'
    assert path.read_text() == written
    _, out, _ = run(capsys, "list", lake=tmp_path)
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert set(lines) == {*RECIPES, "strict"}
    assert "demo with clean.rules.duplicate_lines.maximum = 0.4, training.seed = 3" in lines["strict"]
    assert "built in" in lines["demo"]
    _, out, _ = run(capsys, "show", "strict", lake=tmp_path)
    assert "clean.rules.duplicate_lines.maximum = 0.4\n" in out and 'crawls = ["stdlib"]\n' in out
    _, out, _ = run(capsys, "diff", "demo", "strict", lake=tmp_path)
    assert [" ".join(line.split()) for line in out.splitlines()] == [
        "clean.rules.duplicate_lines.maximum 0.8 -> 0.4",
        'training.seed "none" -> 3',
    ]
    assert "are the same" in run(capsys, "diff", "demo", "demo", lake=tmp_path)[1]


def test_json_is_an_object_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(
        capsys, "new", "long", "--base", "documentation", "--set", "training.tokens=9000", "--json", lake=tmp_path
    )
    [made] = map(json.loads, out.splitlines())
    assert (made["name"], made["base"], made["changes"]) == ("long", "documentation", {"training": {"tokens": 9000}})
    _, out, _ = run(capsys, "list", "--json", lake=tmp_path)
    assert made in map(json.loads, out.splitlines())
    _, out, _ = run(capsys, "diff", "documentation", "long", "--json", lake=tmp_path)
    assert json.loads(out) == {"setting": "training.tokens", "a": "none", "b": 9000}
    _, out, _ = run(capsys, "show", "long", "--json", lake=tmp_path)
    assert {"setting": "training.tokens", "value": 9000} in map(json.loads, out.splitlines())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["show", "bse"], "there is no recipe bse; did you mean base?"),
        (["diff", "base", "bse"], "there is no recipe bse"),
        (["new", "mine", "--base", "bse", "--set", "items.seed=1"], "there is no recipe bse"),
        (["new", "mine", "--base", "base", "--set", "items.sed=1"], "items.sed = 1: there is no such setting; did you"),
        (["new", "demo", "--base", "base", "--set", "items.seed=1"], "demo: a built-in recipe has that name"),
    ],
)
def test_a_wrong_word_is_answered(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, words[0], *words[1:], lake=tmp_path)
    assert (code, out) == (1, "") and message in err
    assert not list(tmp_path.rglob("*.toml"))


def test_options_belong_to_a_verb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["recipes", "new", "mine", "--bse", "base"])
    assert "there is no option --bse; did you mean --base?" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["recipes", "lst"])
    assert "did you mean list?" in capsys.readouterr().err
