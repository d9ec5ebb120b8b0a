// The tools of the course: a list, a form made from a tool's schema, its result and its picture.

import { get, picture, post } from "./api.js";
import { element, find, problemNote } from "./elements.js";

const LINE_WIDTH = 72;

let rows = null;

export async function openTools(name) {
  if (rows === null) {
    find("tool-filter").addEventListener("input", list);
    try {
      rows = (await get("/tools")).tools;
    } catch (error) {
      find("tool-list").replaceChildren(element("li", {}, problemNote(error)));
      return;
    }
  }
  list();
  if (name) await choose(name);
}

function list() {
  const wanted = find("tool-filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = rows.filter((row) => wanted.every((word) => `${row.name} ${row.summary}`.toLowerCase().includes(word)));
  find("tool-list").replaceChildren(...fits.map((row) => element("li", {},
    element("a", { href: `#tools/${encodeURIComponent(row.name)}` }, row.name),
    element("span", { class: "quiet" }, ` ${row.kind}${row.has_plot ? ", with a picture" : ""}`))));
}

async function choose(name) {
  try {
    const tool = await get(`/tools/${encodeURIComponent(name)}`);
    find("tool").replaceChildren(...describe(tool), toolForm(tool));
    find("tool").querySelector("h2").focus({ preventScroll: true });
    if (find("tool").getBoundingClientRect().top > window.innerHeight / 2) find("tool").scrollIntoView();
  } catch (error) {
    find("tool").replaceChildren(problemNote(error));
  }
}

function describe(tool) {
  const where = tool.sections.map((s) => `${s.number} ${s.heading} (${s.file})`).join("; ");
  return [element("h2", { tabindex: "-1" }, tool.name), element("p", {}, tool.summary),
    where ? element("p", { class: "quiet" }, `In the course: ${where}`) : null,
    element("details", {}, element("summary", {}, "Documentation"), element("pre", {}, tool.documentation))].filter(Boolean);
}

function toolForm(tool) {
  const { properties = {}, required = [] } = tool.parameters;
  const result = element("div", { class: "result", "aria-live": "polite" });
  const fields = Object.entries(properties).map(([name, schema]) =>
    field(name, schema, required.includes(name), tool.example?.[name]));
  const form = element("form", { class: "tool-form" }, ...fields.map((f) => f.shown),
    element("button", { type: "submit" }, "Run"));
  const run = async (draw) => {
    const values = {};
    try {
      for (const f of fields) if (f.given()) values[f.name] = f.value();
      const path = `/tools/${encodeURIComponent(tool.name)}`;
      if (draw) result.append(element("img", { alt: `Picture of ${tool.name}`, src: await picture(`${path}/plot`, values) }));
      else result.replaceChildren(shownResult((await post(path, values)).result));
    } catch (error) {
      result.replaceChildren(problemNote(error));
      return false;
    }
    return true;
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    form.setAttribute("aria-busy", "true");
    if (await run(false) && tool.has_plot) await run(true);
    form.removeAttribute("aria-busy");
  });
  return element("div", {}, form, result);
}

// A field for an argument: a tick, a choice, a number, or JSON for lists and mappings; empty means the default.
function field(name, schema, isRequired, example) {
  const id = `argument-${name}`;
  const types = kinds(schema);
  const value = example ?? schema.default;
  const written = value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);
  const hint = schema.description ?? "";
  let input;
  if (types.length === 1 && types[0] === "boolean") {
    input = element("input", { id, type: "checkbox", checked: value === true });
  } else if (schema.enum) {
    input = element("select", { id }, ...schema.enum.map((choice) =>
      element("option", { value: choice, selected: choice === value }, String(choice))));
  } else if (types.some((type) => type === "array" || type === "object")) {
    input = element("textarea", { id, rows: "2", required: isRequired, spellcheck: "false" });
    input.value = written;
  } else {
    input = element("input", { id, type: "text", required: isRequired, spellcheck: "false" });
    input.value = written;
  }
  const label = element("label", { for: id }, element("b", {}, name), hint ? ` ${hint}` : "");
  return { name, shown: element("div", { class: "field" }, label, input),
    given: () => input.type === "checkbox" || input.value.trim() !== "",
    value: () => (input.type === "checkbox" ? input.checked : read(name, input.value.trim(), types)) };
}

function kinds(schema) {
  const all = schema.anyOf ?? [schema];
  return all.map((s) => s.type ?? (s.$ref || s.prefixItems ? "object" : "string")).filter((type) => type !== "null");
}

function read(name, text, types) {
  try {
    return JSON.parse(text);
  } catch {
    if (types.includes("string")) return text;
    throw new Error(`${name} must be written as JSON, such as 3, [1, 0, 1] or {"a": 1}.`);
  }
}

function shownResult(result) {
  if (typeof result === "number" || typeof result === "string") return element("p", { class: "number" }, String(result));
  return element("pre", {}, written(result, ""));
}

// JSON with what is short on one line: a matrix has a line for each row.
function written(value, indent) {
  const line = JSON.stringify(value);
  if (line.length + indent.length <= LINE_WIDTH || typeof value !== "object") return line;
  const deeper = `${indent}  `;
  const parts = Array.isArray(value)
    ? value.map((item) => written(item, deeper))
    : Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}: ${written(item, deeper)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return `${open}\n${deeper}${parts.join(`,\n${deeper}`)}\n${indent}${close}`;
}
