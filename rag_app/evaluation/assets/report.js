"use strict";
// Everything from a run becomes text by `textContent`: no string of it is ever read as HTML.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const PAGE = 50;
  const byId = (id) => document.getElementById(id);
  const last = data.columns.length - 1;

  function element(tag, className, ...children) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  }

  // -- scores ---------------------------------------------------------------------------------------------------------

  function value(answers, metric) {
    const values = answers.map((answer) => answer.scores[metric]?.value).filter((v) => typeof v === "number");
    return values.length ? values.reduce((a, b) => a + b, 0) / values.length : null;
  }

  function shown(answers, metric) {
    const found = value(answers, metric);
    if (found !== null) return number(found);
    if (!answers.length) return "not run";
    return answers.some((answer) => answer.error || answer.scores[metric]?.status === "error") ? "error" : "–";
  }

  function number(found) {
    return Number.isInteger(found) ? String(found) : found.toFixed(3);
  }

  // How much better the last column is than the first; null where one of them has no value.
  function gain(item, metric) {
    const [before, after] = [value(item.answers[0], metric), value(item.answers[last], metric)];
    if (before === null || after === null) return null;
    const lower = data.metrics.find((m) => m.name === metric)?.direction === "lower";
    return lower ? before - after : after - before;
  }

  // -- which cases, in which order ------------------------------------------------------------------------------------

  const anyAnswer = (test) => (item) => item.answers.some((answers) => answers.some(test));
  const SHOWN = {
    "all cases": () => true,
    "answerable": (item) => item.answerable,
    "unanswerable": (item) => !item.answerable,
    "answered": anyAnswer((answer) => answer.answered),
    "refused": anyAnswer((answer) => !answer.answered && !answer.error),
    "with an error": anyAnswer((answer) => answer.error || Object.values(answer.scores).some((s) => s.status === "error")),
    "with an unsupported sentence": anyAnswer((answer) => answer.spans.length > 0),
  };
  const ORDERS = {
    "as in the suite": null,
    "lowest value first": (metric) => (item) => value(item.answers[last], metric) ?? Infinity,
    "highest value first": (metric) => (item) => -(value(item.answers[last], metric) ?? -Infinity),
  };
  if (data.columns.length > 1) {
    SHOWN["lost by the last column"] = (item, metric) => (gain(item, metric) ?? 0) < 0;
    SHOWN["won by the last column"] = (item, metric) => (gain(item, metric) ?? 0) > 0;
    SHOWN["with different texts"] = (item) => new Set(item.answers.map((a) => a[0]?.text)).size > 1;
    ORDERS["most lost first"] = (metric) => (item) => gain(item, metric) ?? Infinity;
    ORDERS["most won first"] = (metric) => (item) => -(gain(item, metric) ?? -Infinity);
  }

  function words(item) {
    const texts = item.answers.flat().map((answer) => answer.text);
    return [item.id, item.question, item.reference, item.source, ...texts].join("\n").toLowerCase();
  }

  function chosen() {
    const [metric, kind] = [byId("metric").value, byId("kind").value];
    const test = SHOWN[byId("show").value];
    const wanted = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = data.cases.filter((item) => {
      if ((kind !== "all kinds" && item.kind !== kind) || !test(item, metric)) return false;
      const text = wanted.length ? words(item) : "";
      return wanted.every((word) => text.includes(word));
    });
    const order = ORDERS[byId("order").value]?.(metric);
    return order ? found.map((item) => [order(item), item]).sort((a, b) => a[0] - b[0]).map((pair) => pair[1]) : found;
  }

  // -- one case -------------------------------------------------------------------------------------------------------

  function marked(text, spans) {
    const edges = [...new Set([0, text.length, ...spans.flatMap(([start, end]) => [start, end])])].sort((a, b) => a - b);
    return edges.slice(0, -1).map((start, i) => {
      const end = edges[i + 1];
      const marks = new Set(spans.filter((span) => span[0] <= start && end <= span[1]).map((span) => span[2]));
      const piece = text.slice(start, end);
      return marks.size ? element("mark", [...marks].sort().join(" "), piece) : piece;
    });
  }

  function details(found) {
    if (Array.isArray(found)) return element("ul", "", ...found.map((entry) => element("li", "", details(entry))));
    if (found && typeof found === "object") {
      return element("ul", "", ...Object.entries(found).map(([key, entry]) => element("li", "", `${key}: `, details(entry))));
    }
    return element("span", "text", found === null ? "–" : String(found));
  }

  function scoreRow([name, score]) {
    const head = element("th", "", name);
    head.scope = "row";
    const metric = data.metrics.find((m) => m.name === name);
    if (metric) head.title = `${metric.definition} Misses: ${metric.misses} Agreement with people: ${metric.agreement}`;
    const text = typeof score.value === "number" ? number(score.value) : score.status;
    const why = element("td", "", score.why ?? "");
    if (score.details && Object.keys(score.details).length) {
      why.append(element("details", "", element("summary", "note", "details"), details(score.details)));
    }
    return element("tr", "", head, element("td", score.status === "error" ? "error" : "", text), why);
  }

  function passageItem(passage) {
    const { source, place, text } = data.passages[passage.at];
    const name = element("div", "note", place ? `${source} › ${place}` : source);
    return element("li", "", name, element("blockquote", "", ...marked(text, passage.spans)));
  }

  function facts(answer) {
    const parts = [answer.llm, answer.prompt, `${answer.latency_s.toFixed(3)} s${answer.cached ? " (cached)" : ""}`];
    for (const [name, n] of Object.entries(answer.usage)) parts.push(`${name.replaceAll("_", " ")} ${n}`);
    if (answer.cost !== null) parts.push(`US$ ${answer.cost}`);
    return parts.filter(Boolean).join(" · ");
  }

  function answerBlock(answer, title) {
    const block = element("article", "answer", element("h3", "", title));
    if (answer.error) block.append(element("p", "error", answer.error));
    else block.append(element("p", "text", ...marked(answer.text, answer.spans)));
    block.append(element("p", "note", facts(answer)), ...answer.notes.map((note) => element("p", "note", note)));
    const scores = Object.entries(answer.scores);
    if (scores.length) {
      block.append(element("h3", "", "Scores"), element("table", "scores", element("tbody", "", ...scores.map(scoreRow))));
    }
    if (answer.citations.length) {
      const items = answer.citations.map(([place, quote]) =>
        element("li", "", element("div", "note", place), element("blockquote", "", quote)));
      block.append(element("h3", "", "Citations"), element("ol", "", ...items));
    }
    if (answer.passages.length) {
      const list = element("ol", "", ...answer.passages.map(passageItem));
      const legend = element("p", "note", element("mark", "cited", "cited"), " ", element("mark", "wanted", "evidence of the case"));
      block.append(element("details", "", element("summary", "", `Passages (${answer.passages.length})`), legend, list));
    }
    return block;
  }

  function body(item) {
    const made = element("div", "body");
    const about = [item.answerable ? "answerable" : "unanswerable", item.kind, item.source, item.id];
    made.append(element("p", "note", about.filter(Boolean).join(" · ")));
    if (item.reference) made.append(element("p", "", element("b", "", "Reference: "), item.reference));
    if (item.evidence.length) {
      made.append(element("p", "", element("b", "", "Evidence:")));
      made.append(...item.evidence.map((sentence) => element("blockquote", "", sentence)));
    }
    const blocks = item.answers.flatMap((answers, i) => answers.map((answer, repeat) => {
      return answerBlock(answer, answers.length > 1 ? `${data.columns[i]}, repeat ${repeat + 1}` : data.columns[i]);
    }));
    made.append(element("div", "answers", ...blocks));
    return made;
  }

  function row(item, metric) {
    const values = metric ? item.answers.map((answers) => shown(answers, metric)).join("  →  ") : "";
    const made = element("details", "case", element("summary", "", element("span", "values", values), item.question));
    made.addEventListener("toggle", () => {
      if (made.open && made.childElementCount === 1) made.append(body(item));
    });
    return made;
  }

  // -- the list -------------------------------------------------------------------------------------------------------

  let found = [];
  let nShown = 0;

  function more() {
    const metric = byId("metric").value;
    const next = found.slice(nShown, nShown + PAGE);
    byId("cases").append(...next.map((item) => row(item, metric)));
    nShown += next.length;
    byId("more").hidden = nShown >= found.length;
  }

  function update() {
    found = chosen();
    nShown = 0;
    byId("cases").replaceChildren();
    byId("count").textContent = `${found.length} of ${data.cases.length} cases`;
    more();
  }

  function fill(id, names) {
    byId(id).append(...names.map((name) => element("option", "", name)));
    byId(id).addEventListener("change", update);
  }

  fill("show", Object.keys(SHOWN));
  fill("kind", ["all kinds", ...new Set(data.cases.map((item) => item.kind).filter(Boolean))]);
  fill("metric", data.metrics.map((metric) => metric.name));
  fill("order", Object.keys(ORDERS));
  byId("search").addEventListener("input", update);
  byId("more").addEventListener("click", more);
  update();
})();
