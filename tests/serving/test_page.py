"""The page in a browser: headless Chromium, where the system has one and Playwright is there to steer it."""

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from elmo_tasks.bilm import BiLM
from elmo_tasks.mixes import TrainedMix
from elmo_tasks.serving.drawings import AS_JSON, DRAWINGS
from elmo_tasks.serving.errors import RequestError
from elmo_tasks.serving.service import Limits, Service
from elmo_tasks.tasks import TASKS
from elmo_tasks.vectors.dump.text import Sentence
from elmo_tasks.vectors.neighbors import CORPUS, CorpusIndex

from .conftest import Canned, running, untrained

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="the system has no Chromium")

LINES = ["The cat saw the dog .", "A dog slept", "They saw a play ."]
LONG = "Donaudampfschifffahrtsgesellschaft" * 15


def span(kind: str, start: int, end: int) -> dict[str, Any]:
    return {"type": kind, "start": start, "end": end}


def mention(text: str, part: str, start: int, end: int) -> dict[str, Any]:
    at = text.index(part)
    return {"text": part, "start": start, "end": end, "start_char": at, "end_char": at + len(part)}


CHAINED = "🐱 Ada found her cat. She fed it."
WORDS = [["🐱", "Ada", "found", "her", "cat", "."], ["She", "fed", "it", "."]]
PASSAGE = "🐱 The lamp was made in Oslo. It burned whale oil, until 1904."

ANSWERS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "entities": (
        "elmo_tagger",
        {"sentence": f"🐱🐱 Ada met İpek in {LONG}, didn't she?"},
        {
            "tokens": ["🐱", "🐱", "Ada", "met", "İpek", "in", LONG, ",", "did", "n't", "she", "?"],
            "tags": [],
            "spans": [span("PER", 2, 3), span("PER", 4, 5), span("LOC", 6, 7)],
        },
    ),
    "parts": (
        "elmo_tagger",
        {"sentence": "We run."},
        {"tokens": ["We", "run", "."], "tags": ["PRON", "VERB", "PUNCT"]},
    ),
    "roles": (
        "elmo_srl",
        {"sentence": "Ann gave Bo an old clock."},
        {
            "words": ["Ann", "gave", "Bo", "an", "old", "clock", "."],
            "verbs": [
                {
                    "verb": "gave",
                    "index": 1,
                    "arguments": [span("ARG0", 0, 1), span("V", 1, 2), span("ARG2", 2, 3), span("ARG1", 3, 6)],
                }
            ],
        },
    ),
    "chains": (
        "elmo_coref",
        {"text": CHAINED},
        {
            "text": CHAINED,
            "sentences": WORDS,
            "clusters": [
                [mention(CHAINED, "Ada", 1, 2), mention(CHAINED, "her", 3, 4), mention(CHAINED, "She", 6, 7)],
                [mention(CHAINED, "her cat", 3, 5), mention(CHAINED, "it", 8, 9)],
            ],
        },
    ),
    "passage": (
        "elmo_reading_comprehension",
        {"passage": PASSAGE, "question": "Where was it made?"},
        {
            "answer": "Oslo",
            "probability": 0.75,
            **{name: mention(PASSAGE, "Oslo", 0, 0)[name] for name in ("start_char", "end_char")},
            "best": [
                {**mention(PASSAGE, "Oslo", 6, 7), "probability": 0.75},
                {**mention(PASSAGE, "whale oil", 10, 12), "probability": 0.02},
            ],
        },
    ),
    "entailment": (
        "elmo_entailment",
        {"premise": "Two dogs run.", "hypothesis": "Animals move."},
        {
            "label": "entailment",
            "probabilities": {"neutral": 0.1, "entailment": 0.85, "contradiction": 0.05},
            "premise_tokens": ["Two", "dogs", "run", "."],
            "hypothesis_tokens": ["Animals", "move", "."],
        },
    ),
    "relation": (
        "elmo_relation_classifier",
        {"text": "The <e1>fire</e1> was caused by <e2>lightning</e2>."},
        {
            "label": "Cause-Effect(e2,e1)",
            "probabilities": {"Cause-Effect(e2,e1)": 0.9, **{f"Other {number}": 0.0125 for number in range(8)}},
            "tokens": ["The", "fire", "was", "caused", "by", "lightning", "."],
            "e1": [1, 2],
            "e2": [5, 6],
        },
    ),
    "translation": (
        "elmo_translator",
        {"source": "שלום עולם"},
        {
            "translation": "Hallo Welt",
            "translations": [{"text": "Hallo Welt", "score": -0.25}, {"text": "Hallo", "score": -1.5, "cut": True}],
            "source_tokens": ["שלום", "עולם"],
        },
    ),
    "unknown": ("", {"text": "a"}, {"tokens": ["a", "b"], "score": 0.123456, "inner": [{"name": "first"}]}),
}
"""A model's name, its predictor, an input, and what it answers to it."""


def model(name: str, bilm: BiLM | None, answer: Callable[[Any], Any] | None = None) -> Canned:
    predictor, given, answered = ANSWERS[name]
    drawing = DRAWINGS.get(predictor, AS_JSON)
    mixes = [TrainedMix("input", "", [0.2, 0.5, 0.3], 0.7, None, True), TrainedMix("output", "", None, 1, "last", True)]
    return Canned(name, answer or (lambda _: answered), drawing, [given], mixes if bilm is not None else (), bilm)


def service_of(models: list[Canned], bilm: BiLM, limits: Limits = Limits()) -> Service:  # noqa: B008
    index = CorpusIndex(bilm, [Sentence(number, line, line.split()) for number, line in enumerate(LINES)])
    return Service(models, limits, CORPUS, {one.name: index for one in models if one.bilm is not None})


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        # Chromium's own sandbox does not work as root.
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield started
        started.close()


class Pages:
    """Opens pages of services, and knows what went wrong in any of them."""

    def __init__(self, browser: Any) -> None:
        self._browser, self._stack = browser, ExitStack()
        self.problems: list[str] = []
        self.asked: list[str] = []

    def open(self, service: Service, name: str = "", wait: bool = True, **context: Any) -> Any:
        where = self._stack.enter_context(running(service))
        return self.open_at(where, name, wait, **context)

    def open_at(self, where: str, name: str = "", wait: bool = True, **context: Any) -> Any:
        page = self._browser.new_context(**context).new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda message: self.problems.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: self.asked.append(request.url.replace(where, "")))
        page.on("dialog", lambda dialog: self.problems.append(dialog.message))
        page.goto(f"{where}/#{name}")
        if wait:
            page.wait_for_selector("#answer details")
        return page

    def close(self) -> None:
        self._stack.close()


@pytest.fixture
def pages(browser: Any) -> Iterator[Pages]:
    opened = Pages(browser)
    yield opened
    for context in browser.contexts:
        context.close()
    opened.close()
    assert not opened.problems
    assert all(address.startswith(("/", "data:")) for address in opened.asked)


@pytest.fixture
def bilm(make_bilm: Callable[..., BiLM]) -> BiLM:
    return make_bilm()


def marked(page: Any) -> list[str]:
    """What is marked, each with its label behind it."""
    texts: list[str] = page.eval_on_selector_all(
        "#answer mark", "marks => marks.map(mark => mark.innerText.replace(/\\s+/g, ' '))"
    )
    return texts


def text(page: Any, selector: str) -> str:
    return " ".join(page.inner_text(selector).split())


def choose(page: Any, name: str) -> None:
    """Chooses a model, and waits until its first example is answered."""
    page.get_by_role("radio", name=name, exact=True).check()
    sync_api.expect(page).to_have_title(f"{name} · ELMo")
    page.wait_for_selector("#answer:not(.loading) details")


def test_every_task_is_drawn(pages: Pages) -> None:
    """What real predictors answer, though of models that have learned nothing."""
    models = [untrained(task.rpartition(".")[2]) for task in TASKS]
    page = pages.open(Service(models), models[0].name)
    for served in models:
        choose(page, served.name)
        drawn = text(page, "#answer")
        first = served.examples[0]
        # A text is drawn as it was written; where nothing is marked or tagged in it, whole.
        words = first[served.drawing.fields[0]].replace("<e1>", "").replace("</e1>", "").split()
        assert all(word[:4] in drawn for word in words[:3]), (served.name, drawn)
        assert "input" in text(page, "#mix")


def test_entities(pages: Pages, bilm: BiLM) -> None:
    page = pages.open(service_of([model("entities", bilm)], bilm))
    assert marked(page) == ["Ada PER", "İpek PER", f"{LONG} LOC"]
    assert text(page, "#answer .text").startswith("🐱🐱 Ada PER met İpek PER in Donau")
    assert "didn't she?" in text(page, "#answer .text")
    assert text(page, ".legend") == "PER person LOC place"


def test_parts_of_speech(pages: Pages, bilm: BiLM) -> None:
    page = pages.open(service_of([model("parts", bilm)], bilm))
    assert text(page, ".tagged") == "We PRON run VERB . PUNCT"


def test_roles(pages: Pages, bilm: BiLM) -> None:
    page = pages.open(service_of([model("roles", bilm)], bilm))
    assert marked(page) == ["Ann ARG0", "gave V", "Bo ARG2", "an old clock ARG1"]
    assert "ARG0 who does it" in text(page, ".legend")


def test_chains(pages: Pages, bilm: BiLM) -> None:
    page = pages.open(service_of([model("chains", bilm)], bilm))
    # One mention is in another.
    assert marked(page) == ["Ada 1", "her 1 cat 2", "her 1", "She 1", "it 2"]
    assert [text(page, f".chains li:nth-child({number})") for number in (1, 2)] == [
        "1 Ada → her → She",
        "2 her cat → it",
    ]
    page.click(".chains li:nth-child(2) button")
    assert page.eval_on_selector_all("mark.lit", "all => all.length") == 2
    assert page.get_attribute(".chains li:nth-child(2) button", "aria-pressed") == "true"
    page.click(".chains li:nth-child(2) button")
    assert page.query_selector(".faded") is None


def test_an_answer_in_its_passage(pages: Pages, bilm: BiLM) -> None:
    page = pages.open(service_of([model("passage", bilm)], bilm))
    assert text(page, ".result") == "Oslo 75%"
    assert marked(page) == ["Oslo"]
    page.click("text=Other answers")
    page.click(".spans li:nth-child(2) button")
    assert marked(page) == ["whale oil"]
    # A word's context is its sentence.
    page.click("#answer .word >> text=until")
    assert text(page, ".asked") == "It burned whale oil , until 1904 ."


def test_labels(pages: Pages, bilm: BiLM) -> None:
    page = pages.open(service_of([model("entailment", bilm), model("relation", bilm)], bilm))
    assert text(page, ".result") == "entailment 85%"
    assert text(page, ".bars") == "entailment 85% neutral 10% contradiction 5%"
    assert text(page, ".read") == "Premise Two dogs run. Hypothesis Animals move."
    choose(page, "relation")
    assert "3 more labels" in text(page, "#answer")
    assert marked(page) == ["fire e1", "lightning e2"]
    assert text(page, ".read") == "The fire e1 was caused by lightning e2."


def test_translations(pages: Pages, bilm: BiLM) -> None:
    page = pages.open(service_of([model("translation", None)], bilm))
    assert text(page, ".result") == "Hallo Welt -0.25"
    assert text(page, ".others") == "Hallo cut, -1.50"
    assert page.evaluate("getComputedStyle(document.querySelector('.text')).direction") == "rtl"
    # There is no biLM to ask for neighbours.
    assert text(page, "#mix") == "Weights of the layers This model was trained without ELMo."
    assert not page.is_visible("#near")
    assert page.query_selector("[role=button]") is None


def test_a_predictor_that_is_not_known(pages: Pages, bilm: BiLM) -> None:
    page = pages.open(service_of([model("unknown", None)], bilm))
    assert text(page, "#answer dl") == "Tokens a · b Score 0.1235 Inner 1 Name first"
    page.fill("textarea", "{broken")
    page.click(".go")
    assert text(page, "[role=alert]").startswith("Bad input This is no JSON")
    page.fill("textarea", '{"text": "b"}')
    page.click(".go")
    page.wait_for_selector("#answer dl")


def test_the_weights_of_the_layers(pages: Pages, bilm: BiLM) -> None:
    page = pages.open(service_of([model("parts", bilm)], bilm))
    assert text(page, "#mix > div") == (
        "input \u03b3 0.70 token layer 0.20 biLSTM layer 1 0.50 biLSTM layer 2 0.30 "
        "output \u03b3 1.00 last layer only, fixed"
    )
    widths = page.eval_on_selector_all(".stack i", "all => all.map(one => one.offsetWidth)")
    assert [round(width / sum(widths), 1) for width in widths] == [0.2, 0.5, 0.3]


def test_an_answer_that_comes_after_another_model_was_chosen_is_not_drawn(pages: Pages, bilm: BiLM) -> None:
    """Nor is the page waiting any longer, where the new model has no example that it would be asked."""
    wait = threading.Event()

    def answer(one: Any) -> Any:
        wait.wait(20)
        return ANSWERS["roles"][2]

    late, silent = model("roles", bilm, answer), model("entities", bilm)
    silent.examples = []
    page = pages.open(service_of([late, silent], bilm), "roles", wait=False)
    page.wait_for_selector("#answer.loading")
    page.get_by_role("radio", name="entities", exact=True).check()
    assert not page.query_selector("#answer.loading")
    assert page.get_attribute(".go", "aria-busy") == "false"
    with page.expect_response("**/api/predict/roles"):
        wait.set()
    page.wait_for_timeout(200)
    assert text(page, "#answer") == "The answer will be here."


def test_by_keyboard_alone(pages: Pages, bilm: BiLM) -> None:
    given: list[Any] = []

    def answer(one: Any) -> Any:
        given.append(one)
        return ANSWERS["roles"][2]

    page = pages.open(service_of([model("entities", bilm), model("roles", bilm, answer)], bilm), "entities")
    press = page.keyboard.press
    page.focus("#models input:checked")
    press("ArrowRight")
    sync_api.expect(page).to_have_title("roles · ELMo")
    page.wait_for_selector("#answer .frames")
    press("Tab")
    press("Control+A")
    page.keyboard.insert_text("Bo saw a dog")
    press("Control+Enter")
    page.wait_for_selector(".go[aria-busy=false]")
    assert given[-1] == {"sentence": "Bo saw a dog"}
    # Past the button, the example and to the text, which is one stop.
    for _ in range(3):
        press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Ann"
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "End", "Home", "ArrowDown", "Enter"):
        press(key)
    page.wait_for_selector(".near li")
    assert text(page, ".asked") == "Ann gave Bo an old clock ."
    assert page.evaluate("document.activeElement.textContent") == "gave"
    press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_on_a_phone_what_was_asked_for_comes_into_view(pages: Pages, bilm: BiLM) -> None:
    page = pages.open(service_of([model("passage", bilm)], bilm), viewport={"width": 390, "height": 500})
    assert page.evaluate("scrollY") == 0
    page.fill("textarea >> nth=0", "A longer passage. " * 40)
    for asks, shown in ((".go", "#answer"), (".word[role]", "#near"), ("#examples button", "#answer")):
        page.click(asks)
        top = "shown => document.querySelector(shown).getBoundingClientRect().top"
        deadline = time.monotonic() + 20
        while abs(page.evaluate(top, shown)) >= 1:
            assert time.monotonic() < deadline, asks


def test_neighbours(pages: Pages, bilm: BiLM) -> None:
    page = pages.open(service_of([model("parts", bilm)], bilm))
    assert "Choose a word" in text(page, "#near")
    page.click("#answer .word >> text=run")
    page.wait_for_selector(".near li")
    assert text(page, ".asked") == "We run ."
    assert page.eval_on_selector_all(".near li b", "all => all.length") == 6
    assert page.text_content("[role=status]") == "6 neighbours of run"
    asked = len(pages.asked)
    page.get_by_role("radio", name="layer 1", exact=True).check()
    page.check("#same")
    page.wait_for_selector("text=does not have this word")
    assert pages.asked[asked:] == ["/api/neighbors/parts"] * 2


def test_the_page_of_the_api(pages: Pages, bilm: BiLM) -> None:
    page = pages.open(service_of([model("parts", bilm)], bilm))
    page.click("text=JSON API")
    # Its script is large.
    page.wait_for_selector(".opblock", timeout=60_000)
    assert page.eval_on_selector_all(".opblock", "all => all.length") == 3


def test_a_text_is_never_read_as_html(pages: Pages, bilm: BiLM) -> None:
    evil = "<img src=x onerror=alert(1)>"
    tagged = {"tokens": [evil], "tags": ["O"], "spans": [span(evil, 0, 1)]}
    served = Canned(evil, lambda _: tagged, DRAWINGS["elmo_tagger"], [{"sentence": evil}], (), bilm)
    failing = Canned("failing", lambda _: RequestError(evil), DRAWINGS["elmo_tagger"], [{"sentence": evil}])
    page = pages.open(service_of([served, failing], bilm))
    assert marked(page) == [f"{evil} {evil}"]
    page.get_by_role("radio", name="failing", exact=True).check()
    assert text(page, "[role=alert]") == f"Internal error {evil}"
    assert page.query_selector("img") is None
    # The browser says in its console that a request has failed.
    assert [problem for problem in pages.problems if "500" not in problem] == []
    pages.problems.clear()


def test_errors_are_told(pages: Pages, bilm: BiLM) -> None:
    service = service_of([model("parts", bilm)], bilm, Limits(characters=30))
    with running(service) as where:
        page = pages.open_at(where)
        page.click(".word[role]")
        page.wait_for_selector(".near li")
        page.fill("textarea", "x" * 31)
        page.click(".go")
        assert text(page, "[role=alert]") == "Too long The input has 31 characters; 30 are allowed."
        # There is no text any more that these words were of.
        assert "Choose a word" in text(page, "#near")
        page.fill("textarea", "short")
        page.click(".go")
        page.wait_for_selector(".tagged")
    page.click(".go")
    assert text(page, "[role=alert]") == "No connection The server does not answer: has it ended?"
    pages.problems.clear()


CONTRASTS = """() => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
  const pixel = canvas.getContext("2d", { willReadFrequently: true });
  const luminance = (colours) => {
    for (const colour of colours) {
      pixel.fillStyle = colour;
      pixel.fillRect(0, 0, 1, 1);
    }
    const [r, g, b] = [...pixel.getImageData(0, 0, 1, 1).data]
      .map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim(), element = walker.currentNode.parentElement;
    if (!text || !element.checkVisibility() || element.closest(".hidden, script, style")) continue;
    const colours = ["white"];
    for (let outer = element; outer; outer = outer.parentElement) {
      colours.splice(1, 0, getComputedStyle(outer).backgroundColor);
    }
    const style = getComputedStyle(element), size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const [dark, light] = [luminance(colours), luminance([...colours, style.color])].sort((a, b) => a - b);
    found.push([text.slice(0, 30), (light + 0.05) / (dark + 0.05), isLarge ? 3 : 4.5]);
  }
  return found;
}"""
"""Of all texts that are seen: their beginnings, how they stand out against what is behind them, and how they must."""

NAMELESS = """() => [...document.querySelectorAll("a, button, input, textarea, summary, section, [role], [tabindex]")]
  .filter((one) => one.checkVisibility() && !one.ariaLabel && !one.innerText?.trim())
  .filter((one) => ![...(one.labels || [])].some((label) => label.innerText.trim()))
  .map((one) => one.outerHTML)"""
"""What one can use and a screen reader has no name for."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_can_be_read_on_any_screen(scheme: str, pages: Pages, bilm: BiLM) -> None:
    page = pages.open(service_of([model(name, bilm) for name in ANSWERS], bilm), color_scheme=scheme)
    background = "rgb(245, 244, 239)" if scheme == "light" else "rgb(17, 20, 27)"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == background
    for name in ANSWERS:
        choose(page, name)
        if page.query_selector(".word[role]"):
            page.click(".word[role]")
            page.wait_for_selector(".near li")
        contrasts = page.evaluate(CONTRASTS)
        assert len(contrasts) > 20
        assert [one for one in contrasts if one[1] < one[2]] == [], name
        assert page.evaluate(NAMELESS) == [], name
        for width in (320, 390, 768, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
