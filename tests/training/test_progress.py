"""Progress displays: bar or line on a terminal, plain lines elsewhere."""

import io
import os
import sys

import pytest

from tinygrad_edu.training.fit import Epoch
from tinygrad_edu.training.progress import Bar, Line, Lines, clock, display


def epoch(number):
    return Epoch(number, 0.1, 2.5, 2.2, 0.3, 2.1, 0.25)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_log_gets_about_ten_lines(capsys):
    with Lines("mlp", 95) as show:
        for number in range(1, 96):
            show(epoch(number))
    lines = capsys.readouterr().out.splitlines()
    assert 10 <= len(lines) <= 13
    assert lines[0].startswith("mlp     epoch  1/95  loss 2.5000  val acc 0.250  lr 0.1  ")
    assert lines[-1].startswith("mlp     epoch 95/95") and lines[-1].endswith("0:00 left")


def test_a_log_of_slow_epochs_gets_every_one(capsys, monkeypatch):
    monkeypatch.setattr("tinygrad_edu.training.progress.PATIENCE", -1.0)
    with Lines("mlp", 1000) as show:
        for number in range(1, 6):
            show(epoch(number))
    assert len(capsys.readouterr().out.splitlines()) == 5


def test_a_terminal_line_is_overwritten_and_then_left(monkeypatch):
    monkeypatch.setattr("tinygrad_edu.training.progress.REFRESH", 0.0)
    stream = io.StringIO()
    with Line("mlp", 3, stream) as show:
        for number in (1, 2, 3):
            show(epoch(number))
    lines = stream.getvalue().split("\r")
    assert lines[0] == "" and len(lines) == 4
    assert lines[-1].endswith("\n") and stream.getvalue().count("\n") == 1
    assert "epoch 3/3" in lines[-1]


def test_a_terminal_line_never_wraps(monkeypatch):
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((30, 24)))
    stream = io.StringIO()
    with Line("mlp", 3, stream) as show:
        show(epoch(1))
    assert len(stream.getvalue().strip()) == 29


def test_an_interrupt_leaves_the_terminal_in_order():
    stream = io.StringIO()
    with pytest.raises(KeyboardInterrupt), Line("mlp", 3, stream) as show:
        show(epoch(1))
        raise KeyboardInterrupt
    assert stream.getvalue().endswith("\n")


def test_tqdm_bar():
    pytest.importorskip("tqdm")
    stream = io.StringIO()
    with Bar("mlp", 2, stream) as show:
        show(epoch(1))
        show(epoch(2))
    assert "epoch 2/2, loss 2.5000  val acc 0.250  lr 0.1" in stream.getvalue()


def test_the_display_suits_the_stream(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert type(display("mlp", 1)) is Lines
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "dumb")
    assert type(display("mlp", 1)) is Lines
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert type(display("mlp", 1)) is Line


def test_the_clock():
    assert [clock(s) for s in (0.4, 59.6, 3599.4, 3600)] == ["0:00", "1:00", "59:59", "1:00:00"]
