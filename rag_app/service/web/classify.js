// Texts sorted into labels, with a bar for each score.

import { post } from "./api.js";
import { element, find, problemNote } from "./elements.js";

const MOST_BARS = 5;

export function openClassify() {
  const form = find("classify-form");
  if (form.dataset.ready) return;
  form.dataset.ready = "yes";
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const texts = lines("texts");
    const body = { texts, labels: lines("labels").map(readLabel), multi_label: find("multi").checked };
    try {
      const { classifications } = await post("/classify", body);
      find("classified").replaceChildren(table(texts, classifications));
    } catch (error) {
      find("classified").replaceChildren(problemNote(error));
    }
  });
}

function lines(id) {
  return find(id).value.split("\n").map((line) => line.trim()).filter(Boolean);
}

function readLabel(line) {
  const [name, ...rest] = line.split(":");
  return { name: name.trim(), description: rest.join(":").trim() };
}

function table(texts, classifications) {
  const rows = classifications.map((found, i) => element("tr", {},
    element("td", {}, texts[i]),
    element("td", {}, found.labels.join(", ") || "none of these", found.reason ? element("p", { class: "quiet" }, found.reason) : null),
    element("td", {}, ...Object.entries(found.scores).slice(0, MOST_BARS).map(bar))));
  const head = element("tr", {}, ...["Text", "Label", "Scores"].map((name) => element("th", { scope: "col" }, name)));
  return element("div", { class: "scroll" }, element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
}

function bar([label, score]) {
  return element("div", { class: "score" }, element("span", {}, label),
    element("meter", { min: "0", max: "1", value: String(score), "aria-label": label }), element("span", {}, score.toFixed(3)));
}
