"""labs.writer: it trains as train.Training does, writes, reads, blames; and takes the learner's own text."""

import datetime

import numpy as np
import pytest
import sweep

from bptt_helpers import flow, gates, labs, rnn, tasks, train
from bptt_helpers.labs.controls import Brought
from bptt_helpers.labs.writer import READERS, T
from bptt_helpers.pictures.canvas import Canvas
from bptt_helpers.pictures.page import wrapped
from bptt_helpers.pictures.writer import COLUMNS, NETWORKS, READ, ROWS, SENTENCE, WRITTEN, WriterPicture

OWN = "".join(f"Line {n} of a text that somebody wrote, <{n * n}>.\n" for n in range(150))


def short(**start):
    """A writer that learns for a moment."""
    return labs.writer(**{"H": 10, "steps": 200, "topic": "string-methods"} | start)


def test_before_the_start_it_knows_nothing_and_says_what_counting_gets():
    lab = labs.writer()
    task = tasks.text(T=T)
    numbers = lab.numbers
    assert numbers.task == task
    assert (numbers.chance, numbers.unigram, numbers.bigram) == (
        task.chance, tasks.unigram_loss(task), tasks.bigram_loss(task),
    )  # fmt: skip
    assert numbers.bigram < numbers.unigram < numbers.chance
    assert numbers.training is None
    assert abs(numbers.surprise.mean() / numbers.chance - 1) < 0.05
    assert f"counting pairs {numbers.bigram:.2f}, knowing nothing {numbers.chance:.2f}" in sweep.said(lab)


def test_it_takes_the_steps_that_a_training_alone_takes():
    lab = short(network="gru", log10_rate=-1.0, seed=2)
    lab.finish()
    numbers = lab.numbers
    task = tasks.text(tasks.manual_text("string-methods"), T=T)
    alone = train.Training(
        task, train.model("gru", task.D, 10, task.C, seed=2), rule="adagrad", learning_rate=0.1,
        batch=READERS, check_every=10, held_out=len(task.held_out) // (2 * T),
    )  # fmt: skip
    history = alone.run(200, progress=False)
    np.testing.assert_array_equal(numbers.held_out, history.validation_loss)
    np.testing.assert_array_equal(numbers.model.params.W, alone.model.params.W)
    np.testing.assert_allclose(numbers.loss, train.smoothed(history.loss, 50)[numbers.loss_at - 1])
    assert numbers.step == 200 == numbers.loss_at[-1]
    assert numbers.held_out[-1] < numbers.held_out[0]
    assert f"After 200 steps a held-out character costs {numbers.held_out[-1]:.2f} nats" in sweep.said(lab)


@pytest.mark.parametrize("network", NETWORKS)
def test_the_passage_is_held_out_text_and_its_surprise_that_of_a_reader(network):
    numbers = short(network=network).numbers
    task, model = numbers.task, numbers.model
    held_out = tasks.decode(task.held_out, task.vocabulary)
    start = held_out.index(numbers.passage)
    assert len(numbers.passage) == READ
    assert held_out[start - 1] == "\n"
    trace = train.run(model, task.held_out[: start + READ - 1], train.zeros(model))
    o = trace.o[np.arange(start - 1, start + READ - 1), task.held_out[start : start + READ]]
    np.testing.assert_allclose(numbers.surprise, -np.log(o), rtol=1e-4)


def test_what_it_writes_is_a_sample_at_this_temperature_and_moves_smoothly():
    lab = short()
    lab.finish()
    numbers = lab.numbers
    line_end = np.array([numbers.task.vocabulary.index("\n")])
    rng = np.random.default_rng([0, 1])
    written = train.sample(numbers.model, line_end, WRITTEN, rng=rng, temperature=0.8)
    assert numbers.written == tasks.decode(written, numbers.task.vocabulary)
    lab.move(temperature=0.0)
    likeliest = lab.numbers.written
    assert likeliest != numbers.written
    lab.move(temperature=0.8)
    assert lab.numbers.written == numbers.written
    assert lab.numbers.training is not None  # the temperature says nothing of the training


@pytest.mark.parametrize("network", NETWORKS)
def test_blame_is_that_of_the_network_on_the_passage(network):
    lab = short(network=network, show="blame")
    lab.finish()
    numbers = lab.numbers
    for model, logs in ((numbers.model, numbers.blame), (numbers.untrained, numbers.blame_before)):
        task, sentence = numbers.task, tasks.encode(numbers.passage[:SENTENCE], numbers.task.vocabulary)
        held_out = tasks.decode(task.held_out, task.vocabulary)
        before = task.held_out[: held_out.index(numbers.passage)]
        params = type(model.params)(*(weight.astype(float) for weight in model.params))
        model = model._replace(params=params)
        states = train.last_states(train.run(model, before, train.zeros(model)))
        if network == "rnn":
            trace = rnn.forward(params, sentence[:-1], *states)
            wanted = np.linalg.norm(flow.blame(params, trace, sentence[1:]), axis=(2, 3))
        else:
            trace = getattr(gates, network).forward(params, sentence[:-1], *states)
            wanted = gates.blame_norms(params, trace, sentence[1:])
        below = np.tril_indices(SENTENCE - 1)
        np.testing.assert_allclose(10 ** logs[below], wanted[below], rtol=1e-6)
        assert (logs[np.triu_indices(SENTENCE - 1, 1)] == -99).all()
    assert "of the (squared) blame lie within" in sweep.said(lab)


def test_an_overflow_ends_it_and_is_called_so():
    lab = short(log10_rate=0.0, network="rnn", H=200, seed=1)
    lab.works._ready()
    lab.works.work.training._move = lambda *_: (_ for _ in ()).throw(OverflowError("too large"))
    lab.finish()
    assert lab.numbers.has_overflowed
    assert "overflow" in sweep.said(lab)
    assert lab.works.work.says == "overflow at step 0"


@pytest.mark.slow
def test_in_a_minute_it_gets_well_below_counting_pairs():
    lab = labs.writer(steps=600)
    lab.finish()
    numbers = lab.numbers
    assert abs(numbers.held_out[0] / numbers.chance - 1) < 0.03
    assert numbers.held_out[-1] < numbers.bigram - 0.3


def test_own_text_is_what_it_learns_from():
    lab = labs.writer(text=OWN, H=10, steps=200)
    assert lab.numbers.task.vocabulary == tasks.vocabulary(OWN)
    assert lab.call == "labs.writer(H=10, steps=200, text=my_text)"
    lab.finish()
    assert lab.numbers.held_out[-1] < lab.numbers.chance
    assert lab.numbers.passage in OWN
    lab.move(text="")
    assert lab.works.work is None
    assert lab.numbers.task == tasks.text(T=T)


ODD = ["ab" * 500, "abc\n" * 300, "x y" * 400 + "\n", "".join(map(chr, range(300, 790))) * 3]


@pytest.mark.parametrize("text", ODD)
@pytest.mark.parametrize("show", ["all", "text", "blame"])
def test_odd_texts_are_learnt_all_the_same(text, show):
    lab = labs.writer(text=text, H=10, steps=200, show=show)
    lab.works._ready()
    lab.works.work.advance(0.01)
    lab._draw()
    assert lab.error is None
    assert sweep.is_finite(lab.numbers)


def upload(lab, content, name="mine.txt"):
    """What the browser reports when a file is chosen."""
    file = {"name": name, "content": memoryview(content), "size": len(content), "type": "text/plain"}
    file["last_modified"] = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    lab.controls["text"].upload.value = (file,)


def test_a_file_is_opened_told_and_closed_again():
    lab = labs.writer(H=10)
    chooser = lab.controls["text"]
    assert chooser.close_button.layout.display == "none"
    upload(lab, OWN.encode())
    assert lab.settings.text == OWN
    assert isinstance(lab.settings.text, Brought)
    assert chooser.words.value == f"mine.txt, {len(OWN):,} characters"
    assert chooser.close_button.layout.display is None
    assert lab.call == "labs.writer(H=10, text=open('mine.txt', encoding=\"utf-8\").read())"
    chooser.close_button.click()
    assert lab.settings.text == ""
    assert chooser.words.value == ""


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"short", "at least 1000 characters"),
        (b"\xff\xfe" * 900, "UTF-8"),
        (b"a" * 6_000_000, "at most 5 MB"),
        (b"\x00" * 2000, "zero byte"),
        (b"a" * 2000, "at least 2 different characters"),
    ],
)
def test_a_file_that_will_not_do_is_refused_in_words(content, why):
    lab = labs.writer(H=10)
    before = lab.image.value
    upload(lab, content, name="<b>.bin")
    said = lab.controls["text"].words.value
    assert said.startswith("&lt;b&gt;.bin cannot be used: expected ")
    assert why in said
    assert lab.controls["text"].upload.value == ()  # the same file, mended, is news again
    assert (lab.settings.text, lab.image.value) == ("", before)
    upload(lab, OWN.encode())  # and the next one can be chosen
    assert lab.settings.text == OWN


def test_a_refusal_goes_when_the_text_that_is_open_is_chosen_again():
    lab = labs.writer(H=10)
    upload(lab, OWN.encode())
    upload(lab, b"short", name="bad.txt")
    assert "cannot be used" in lab.controls["text"].words.value
    upload(lab, OWN.encode())
    assert lab.controls["text"].words.value == f"mine.txt, {len(OWN):,} characters"


def test_a_text_that_will_not_do_is_refused_by_name():
    with pytest.raises(ValueError, match=r"^text: got 5, expected at least 1000 characters"):
        labs.writer(text="short")


def test_the_picture_shows_what_it_writes_and_how_surprised_it_is():
    lab = short()
    lab.finish()
    canvas = Canvas(WriterPicture)
    canvas.png(lab.numbers)
    pages = canvas.picture.small
    assert pages.writes.lines == wrapped(lab.numbers.written, COLUMNS, ROWS)
    assert "".join(pages.reads.lines) == lab.numbers.passage
    shares = pages.reads.shares.ravel()[:READ]
    np.testing.assert_allclose(shares, np.minimum(lab.numbers.surprise / 8, 1))
    np.testing.assert_allclose(canvas.picture.held_out.get_ydata(), lab.numbers.held_out)
    levels = [line.get_ydata()[0] for line in canvas.picture.levels]
    assert levels == [lab.numbers.chance, lab.numbers.unigram, lab.numbers.bigram]
