// A source beside the answer: the place that a citation or a passage names, marked, with what stands around it.

import { get } from "./api.js";
import { element, find, problemNote } from "./elements.js";

const AROUND = 1500; // characters shown before and after

let shown = null; // { item, start, end, length }
let opener = null;

export async function openSource(item) {
  opener = document.activeElement;
  find("source").hidden = false;
  document.body.classList.add("with-source");
  find("source-name").textContent = item.source;
  find("source-place").textContent = [...(item.locator.heading ?? [])].join(" › ");
  find("source-text").replaceChildren();
  shown = { item, start: Math.max(item.start - AROUND, 0), end: item.end + AROUND, length: Infinity };
  await load();
  find("source-text").querySelector("mark")?.scrollIntoView({ block: "center" });
  find("source-name").focus({ preventScroll: true });
}

export function closeSource() {
  if (find("source").hidden) return;
  find("source").hidden = true;
  document.body.classList.remove("with-source");
  shown = null;
  opener?.focus();
}

async function load() {
  const { item, start, end } = shown;
  const name = item.source.split("/").map(encodeURIComponent).join("/");
  try {
    const part = await get(`/sources/${name}?start=${start}&end=${end}`);
    shown = { item, start: part.start, end: part.end, length: part.length };
    find("source-text").replaceChildren(...marked(part, item));
  } catch (error) {
    find("source-text").replaceChildren(problemNote(error));
  }
  find("show-before").hidden = shown.start <= 0;
  find("show-after").hidden = shown.end >= shown.length;
}

function marked(part, item) {
  if (item.sha256 && item.sha256 !== part.sha256) {
    return [element("p", { class: "note" }, "This source has changed since the answer was given."), part.text];
  }
  // Offsets count characters as Python does; a JavaScript string counts an emoji as two.
  const characters = Array.from(part.text);
  const [from, to] = [item.start - part.start, item.end - part.start];
  return [characters.slice(0, from).join(""), element("mark", {}, characters.slice(from, to).join("")),
    characters.slice(to).join("")];
}

async function more(before) {
  const height = find("source").scrollHeight;
  if (before) shown.start = Math.max(shown.start - 2 * AROUND, 0);
  else shown.end += 2 * AROUND;
  await load();
  if (before) find("source").scrollTop += find("source").scrollHeight - height;
}

find("close-source").addEventListener("click", closeSource);
find("show-before").addEventListener("click", () => more(true));
find("show-after").addEventListener("click", () => more(false));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeSource();
});
