// Which page is shown: the word after # in the address.

import { get } from "./api.js";
import { openAsk } from "./ask.js";
import { openClassify } from "./classify.js";
import { find } from "./elements.js";
import { openEvaluation } from "./evaluation.js";
import { closeSource } from "./source.js";
import { openTools } from "./tools.js";

const PAGES = { ask: openAsk, classify: openClassify, tools: openTools, evaluation: openEvaluation };

function show() {
  const [name, detail] = location.hash.slice(1).split("/");
  const chosen = name in PAGES ? name : "ask";
  for (const page of Object.keys(PAGES)) find(`page-${page}`).hidden = page !== chosen;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${chosen}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  closeSource();
  PAGES[chosen](detail ? decodeURIComponent(detail) : "");
}

async function showCorpus() {
  try {
    const { sources } = await get("/sources");
    find("corpus").textContent = `${sources.length} source${sources.length === 1 ? "" : "s"}`;
  } catch (error) {
    find("corpus").textContent = error.message;
  }
}

window.addEventListener("hashchange", show);
show();
showCorpus();
