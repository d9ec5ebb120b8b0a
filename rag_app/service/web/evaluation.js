// The latest evaluation report, as it was written: a page of its own in a frame that can reach nothing.

import { page } from "./api.js";
import { find } from "./elements.js";

export async function openEvaluation() {
  const frame = find("report");
  const note = find("no-report");
  try {
    frame.srcdoc = await page("/reports/latest");
    frame.hidden = false;
    note.hidden = true;
  } catch (error) {
    frame.hidden = true;
    note.hidden = false;
    note.textContent = `${error.message} ${error.hint ?? ""}`;
  }
}
