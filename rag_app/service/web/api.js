// Calls of the service: JSON, server-sent events, problem details, and the key where one is needed.

import { find } from "./elements.js";

export class Problem extends Error {
  constructor({ detail, title, hint, errors, status }) {
    const places = (errors ?? []).map((e) => `${e.pointer}: ${e.detail}`).join("; ");
    super([detail ?? title ?? "The service answered with an error.", places].filter(Boolean).join(" "));
    this.hint = hint ?? "";
    this.status = status;
  }
}

export async function get(path) {
  return (await send("GET", path)).json();
}

export async function post(path, body, signal) {
  return (await send("POST", path, body, signal)).json();
}

export async function picture(path, body) {
  return URL.createObjectURL(await (await send("POST", path, body)).blob());
}

export async function page(path) {
  return (await send("GET", path)).text();
}

// Yields [name, data] for each event; an event named "error" becomes a Problem.
export async function* events(path, body, signal) {
  const response = await send("POST", path, body, signal);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (held + value).split("\n\n");
    held = blocks.pop();
    for (const block of blocks) {
      const found = readEvent(block);
      if (found === null) continue;
      if (found[0] === "error") throw new Problem(found[1]);
      yield found;
    }
  }
}

function readEvent(block) {
  const lines = block.split("\n");
  const name = lines.find((line) => line.startsWith("event: "));
  const data = lines.find((line) => line.startsWith("data: "));
  return data === undefined ? null : [name?.slice(7) ?? "message", JSON.parse(data.slice(6))];
}

async function send(method, path, body, signal) {
  for (;;) {
    const response = await request(method, path, body, signal);
    if (response.ok) return response;
    const told = await response.json().catch(() => ({ title: `Status ${response.status}.` }));
    if (response.status !== 401) throw new Problem({ ...told, status: response.status });
    await askForKey();
  }
}

// The page is one folder below the service, which may itself be mounted under a path.
async function request(method, path, body, signal) {
  const key = sessionStorage.getItem("key");
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  try {
    return await fetch(`..${path}`, { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ detail: "The service cannot be reached.", hint: "Is it still running?" });
  }
}

let asking = null;

function askForKey() {
  asking ??= new Promise((resolve) => {
    const dialog = find("key-dialog");
    dialog.addEventListener("close", () => {
      sessionStorage.setItem("key", find("key").value.trim());
      asking = null;
      resolve();
    }, { once: true });
    find("key").value = "";
    dialog.showModal();
  });
  return asking;
}
