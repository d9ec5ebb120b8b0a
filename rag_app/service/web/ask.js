// A conversation: questions, answers that stream, citations that open their source, and what was looked at.

import { events, post } from "./api.js";
import { element, find, problemNote } from "./elements.js";
import { openSource } from "./source.js";

const MARKER = /\[(\d+)\]/g;
const FENCE = /^```[^\n]*\n([\s\S]*?)(?:\n```|$)/m;
const MOST_CHIPS = 3;

const messages = [];
let running = null;

export function openAsk() {
  const form = find("question-form");
  if (!form.dataset.ready) {
    form.dataset.ready = "yes";
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      ask(find("question").value.trim());
    });
    find("question").addEventListener("keydown", sendOnEnter);
    find("question").addEventListener("input", fit);
    find("stop").addEventListener("click", () => running?.abort());
    find("fresh").addEventListener("click", forget);
  }
  find("question").focus();
}

function sendOnEnter(event) {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    find("question-form").requestSubmit();
  }
}

function fit() {
  const field = find("question");
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight + 2, 200)}px`;
}

function forget() {
  running?.abort();
  messages.length = 0;
  find("conversation").replaceChildren(find("greeting") ?? "");
  find("question").focus();
}

async function ask(question) {
  if (!question || running) return;
  find("greeting")?.remove();
  find("question").value = "";
  fit();
  for (const chips of document.querySelectorAll(".chips")) chips.remove();
  const said = element("article", { class: "answer", "aria-busy": "true" });
  find("conversation").append(element("p", { class: "question" }, question), said);
  setRunning(new AbortController());
  const view = new AnswerView(said, question);
  try {
    for await (const [name, data] of events("/ask", { question, messages, stream: true }, running.signal)) {
      view.take(name, data);
    }
  } catch (error) {
    said.append(error.name === "AbortError" ? element("p", { class: "quiet" }, "Stopped.") : problemNote(error));
  } finally {
    said.setAttribute("aria-busy", "false");
    setRunning(null);
  }
  if (view.answer) {
    messages.push({ role: "user", content: view.answer.question }, { role: "assistant", content: view.answer.answer });
  }
  find("question").focus();
}

function setRunning(controller) {
  running = controller;
  find("send").hidden = controller !== null;
  find("stop").hidden = controller === null;
}

class AnswerView {
  constructor(place, question) {
    this.place = place;
    this.question = question;
    this.answer = null;
    this.text = "";
    this.citations = [];
    this.body = element("div", { class: "text" });
    place.append(this.body);
  }

  take(name, data) {
    if (name === "retrieved" && data.question !== this.question) {
      this.place.prepend(element("p", { class: "quiet" }, `Searched for: ${data.question}`));
    } else if (name === "token") {
      this.text += data.text;
      this.render();
    } else if (name === "citation") {
      this.citations[data.number - 1] = data.citation;
    } else if (name === "answer") {
      this.answer = data;
      this.text = data.answer;
      this.citations = data.citations;
      this.render();
      this.finish();
    }
    this.place.scrollIntoView({ block: "nearest" });
  }

  render() {
    this.body.replaceChildren(...pieces(this.text, this.citations));
  }

  finish() {
    const { answer } = this;
    for (const call of answer.tool_calls ?? []) this.place.append(callNote(call));
    if (answer.citations.length) this.place.append(citationList(answer.citations));
    for (const note of answer.notes) this.place.append(element("p", { class: "note" }, note));
    this.place.append(lookedAt(answer), opinion(answer));
    const chips = followUps(answer);
    if (chips.length) {
      this.place.append(element("div", { class: "chips", role: "group", "aria-label": "Ask next" }, ...chips.map(chip)));
    }
  }
}

// Text as nodes: fenced code as a block, [n] as a button that opens citation n.
function pieces(text, citations) {
  const fence = FENCE.exec(text);
  if (fence) {
    const before = text.slice(0, fence.index);
    const after = text.slice(fence.index + fence[0].length);
    return [...pieces(before, citations), element("pre", {}, fence[1]), ...pieces(after, citations)];
  }
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(MARKER)) {
    const citation = citations[Number(match[1]) - 1];
    if (!citation) continue;
    nodes.push(text.slice(end, match.index), marker(Number(match[1]), citation));
    end = match.index + match[0].length;
  }
  nodes.push(text.slice(end));
  return nodes;
}

function marker(number, citation) {
  const label = `Citation ${number}: ${citation.source}`;
  return element("button", { type: "button", class: "marker", "aria-label": label, title: citation.quote,
    onclick: () => openSource(citation) }, String(number));
}

function place(item) {
  const { heading, line, ...rest } = item.locator;
  const others = Object.entries(rest).map(([name, value]) => `${name} ${value}`);
  return [item.source, ...(heading ?? []), ...(line ? [`line ${line}`] : []), ...others].join(" › ");
}

function citationList(citations) {
  return element("ol", { class: "citations" }, ...citations.map((citation) => element("li", {},
    element("button", { type: "button", class: "place", onclick: () => openSource(citation) }, place(citation)),
    citation.verdict && citation.verdict !== "supported" ? element("span", { class: "verdict" }, citation.verdict) : null,
    element("q", {}, citation.quote))));
}

function lookedAt(answer) {
  const rows = answer.retrieved.map((passage) => element("li", {},
    element("button", { type: "button", class: "place", onclick: () => openSource(passage) }, place(passage)),
    element("span", { class: "quiet" }, ` ${passage.score.toFixed(2)}`)));
  const total = Object.values(answer.timings_s).reduce((sum, s) => sum + s, 0);
  const cost = `${answer.llm}${answer.prompt ? `, prompt ${answer.prompt}` : ""}, ${total.toFixed(2)} s`;
  return element("details", {}, element("summary", {}, `What was looked at (${answer.retrieved.length})`),
    element("ol", {}, ...rows), element("p", { class: "quiet" }, cost));
}

function callNote(call) {
  const shown = call.error || JSON.stringify(call.result);
  return element("p", { class: "call" }, element("code", {}, `${call.name}(${JSON.stringify(call.arguments)})`), ` → ${shown}`);
}

function opinion(answer) {
  const told = element("span", { class: "quiet", role: "status" });
  const give = async (rating) => {
    try {
      await post("/feedback", { id: answer.id, rating });
      told.textContent = "Thank you: it is kept with the answer.";
    } catch (error) {
      told.textContent = error.message;
    }
  };
  const button = (rating, label) => element("button", { type: "button", class: "plain", onclick: () => give(rating) }, label);
  return element("p", { class: "opinion" }, button("good", "Good answer"), button("bad", "Bad answer"), told);
}

// Headings near the answer that it did not quote: what a reader may want to know next.
function followUps(answer) {
  const last = (item) => item.locator.heading?.at(-1) ?? "";
  const said = new Set([...answer.citations.map(last), ""]);
  const asked = answer.question.toLowerCase();
  const headings = [...new Set(answer.retrieved.map(last))].map((h) => h.replace(/^[\d.]+\s+/, ""));
  return headings.filter((h) => !said.has(h) && !asked.includes(h.toLowerCase()) && h.length < 60).slice(0, MOST_CHIPS);
}

function chip(heading) {
  const question = heading.endsWith("?") ? heading : `What does it say about ${decapitalised(heading)}?`;
  return element("button", { type: "button", class: "chip", title: question, onclick: () => ask(question) }, heading);
}

function decapitalised(heading) {
  return /^[A-Z][a-z]/.test(heading) ? heading[0].toLowerCase() + heading.slice(1) : heading;
}
