// Keys and the help that lists them.

import { createKeybindingsHandler } from "../vendor/tinykeys/tinykeys.module.js";
import { h, openDialog } from "./dom.js";
import { t } from "./i18n.js";

const typing = (target) => target.closest?.("input:not([type=range], [type=checkbox]), select, textarea, dialog");

/** Bind keys until the signal aborts. Nothing happens while someone types or a dialog is open. */
export function bind(bindings, signal) {
  const own = Object.entries(bindings).map(([key, act]) => [key, (event) => (event.preventDefault(), act(event))]);
  const handle = createKeybindingsHandler(Object.fromEntries(own));
  const listener = (event) => !typing(event.target) && !document.querySelector("dialog[open]") && handle(event);
  window.addEventListener("keydown", listener, { signal });
}

/** Call act(true) while a key is held, act(false) after. */
export function hold(code, act, signal) {
  const down = (event) => event.code === code && !event.ctrlKey && !event.metaKey && !typing(event.target) && act(true);
  window.addEventListener("keydown", down, { signal });
  window.addEventListener("keyup", (event) => event.code === code && act(false), { signal });
  window.addEventListener("blur", () => act(false), { signal });
}

const GROUPS = {
  review: [["A", "approve"], ["X", "reject"], ["U", "undamaged"], ["J", "next"], ["K", "previous"], ["Esc", "back"]],
  regions: [["G", "region"], ["Y", "accept"], ["N", "leave"]],
  tools: [["V", "hand"], ["B", "brush"], ["E", "eraser"], ["L", "lasso"], ["W", "wand"], ["[ ]", "size"], ["Alt + ↔", "drag"], ["Space", "pan"], ["Ctrl + Z", "undo"], ["Ctrl + Y", "redo"]],
  work: [["F", "find"], ["R", "restore"], ["Shift + R", "takeback"]],
  look: [["O", "hold"], ["C", "slider"], ["S", "side"], ["M", "mask"], ["I", "evidence"], ["0 1 3", "zoom"], ["+ −", "closer"]],
  keyboard: [["← ↑ → ↓", "arrows"], ["Enter", "enter"]],
};

export function showHelp() {
  const groups = Object.entries(GROUPS).map(([group, keys]) =>
    h("section", {}, h("h3", {}, t(`help.${group}`)), h("dl", {}, keys.map(([key, name]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, t(`key.${name}`))]))),
  );
  return openDialog(t("help.title"), t("close"), h("div", { class: "help" }, groups), h("p", { class: "muted" }, t("help.note")));
}
