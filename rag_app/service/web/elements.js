// Elements made in code. Text is always set as text: nothing that a document or a model says becomes markup.

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made && typeof value !== "string") made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export const find = (id) => document.getElementById(id);

export function problemNote(error) {
  const hint = error.hint ? ` ${error.hint}` : "";
  return element("p", { class: "problem", role: "alert" }, `${error.message}${hint}`);
}
