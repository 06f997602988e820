// Elements without a framework.

/** Make an element. Properties: on* listeners, class, dataset, and attributes; false, null and undefined leave one out. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(element.dataset, value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Bring the icons into the page, once: from another file they would appear late each time. */
export async function loadIcons() {
  const text = await (await fetch("icons.svg")).text();
  const sprite = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  sprite.setAttribute("class", "spoken");
  document.body.append(document.importNode(sprite, true));
}

/** An icon of icons.svg; it says nothing to a screen reader. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  svg.append(use);
  return svg;
}

export function button(label, onclick, { symbol, hide, keys, ...properties } = {}) {
  const shown = hide ? [] : [h("span", {}, label)];
  const title = keys ? `${label} (${keys})` : hide ? label : null;
  return h(
    "button",
    { type: "button", title, "aria-label": hide ? label : null, "aria-keyshortcuts": keys?.replace("Ctrl", "Control"), onclick, ...properties },
    symbol ? icon(symbol) : null,
    shown,
  );
}

/** A select with a label above it; options are [value, text] pairs. */
export function choice(label, options, value, onchange) {
  const select = h("select", { onchange: () => onchange?.(select.value) }, options.map(([name, text]) => h("option", { value: name }, text)));
  if (value !== undefined) select.value = value;
  return Object.assign(h("label", { class: "field" }, h("span", {}, label), select), { select });
}

/** A slider with its value beside it. */
export function slider(label, { min, max, step = 1, value, text = String, oninput, onchange }) {
  const output = h("output", {}, text(value));
  const input = h("input", { type: "range", min, max, step, "aria-label": label });
  input.value = value;
  const show = () => {
    output.textContent = text(Number(input.value));
    input.setAttribute("aria-valuetext", output.textContent);
  };
  show();
  input.addEventListener("input", () => (show(), oninput?.(Number(input.value))));
  input.addEventListener("change", () => onchange?.(Number(input.value)));
  const set = (number) => ((input.value = number), show());
  return Object.assign(h("div", { class: "slider" }, h("span", {}, label), output, input), { set, input });
}

/** Wait for two frames. The viewer notices a new size, and newly loaded tiles, only in its next frame. */
export const twoFrames = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));

let speaker;

/** Say something to screen readers. */
export function announce(text) {
  speaker ??= document.querySelector("#spoken");
  speaker.textContent = "";
  setTimeout(() => (speaker.textContent = text), 50);
}

/** Show a message for some seconds, or until it is closed where it is an error. */
export function toast(text, { error, action } = {}) {
  const list = document.querySelector("#toasts");
  const note = h("div", { class: error ? "toast error" : "toast", role: error ? "alert" : "status" }, h("p", {}, text));
  if (action) note.append(button(action.label, () => (note.remove(), action.run())));
  note.append(button("×", () => note.remove(), { class: "quiet", "aria-label": action?.close ?? "OK" }));
  list.append(note);
  while (list.children.length > 3) list.firstChild.remove();
  if (!error) setTimeout(() => note.remove(), 6000);
  return note;
}

/** Open a dialog; it is removed when it closes. Returns what it was closed with. */
export function openDialog(title, closeLabel, ...children) {
  const heading = h("h2", { id: "dialog-title", tabindex: "-1" }, title);
  const close = button(closeLabel, () => dialog.close(""), { class: "quiet", symbol: "close", hide: true });
  const dialog = h("dialog", { "aria-labelledby": "dialog-title" }, h("header", {}, heading, close), children);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => (dialog.remove(), resolve(dialog.returnValue)), { once: true });
  });
}
