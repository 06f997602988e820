// What is done with a page: work of the server on it, and the decision about it.

import { post } from "../api.js";
import { announce, h, openDialog, toast } from "../dom.js";
import { Job, findJob } from "../events.js";
import { t } from "../i18n.js";

const KINDS = ["detect", "restore", "undo"];

/** Wait until all strokes are on the server. */
async function sent(sync) {
  while (sync.waiting.length) await new Promise((resolve) => sync.addEventListener("state", resolve, { once: true }));
}

/** Whether work on this page can be followed. */
export const isOfPage = (view, told) => told.page === view.page.id && !told.background && KINDS.includes(told.kind);

/** Start work on the page, and follow it to its end. */
export async function run(view, kind, json = {}) {
  if (view.job) return;
  await view.attempt(async () => {
    await sent(view.sync);
    await follow(view, await post(`/pages/${view.page.id}/${kind}`, json));
  });
}

/** Follow work on the page, also if another window, or this one before, has begun it. */
export async function follow(view, told) {
  if (view.job || view.closing.signal.aborted || view.followed === told.id) return;
  view.followed = told.id;
  const { kind } = told;
  const change = () => view.dispatchEvent(new Event("job"));
  view.job = new Job(told);
  change();
  announce(t(`job.${kind}`));
  const end = await view.job.ended;
  await view.refresh();
  view.job = null;
  change();
  if (view.closing.signal.aborted && end.state !== "failed") return;
  if (end.state === "failed") view.tell(end.problem ?? {});
  else if (end.state === "done") done(view, kind);
}

/** Take up work on the page that runs already. */
export async function resume(view) {
  const told = await findJob((each) => isOfPage(view, each));
  if (told) await follow(view, told);
}

function done(view, kind) {
  const { compare, page } = view;
  const n = page.regions.length;
  if (kind === "restore") compare.set(compare.mode === "original" ? "restored" : compare.mode);
  if (kind === "undo") toast(t("job.undone"));
  else announce(kind === "restore" ? t("job.restored") : n ? t("job.found", { n }) : t("job.nothing"));
}

/** What a person who approves the page approves now: its result, its mask, or the scan as it is. */
export const subjectOf = ({ fill, share }) => (fill === "whole" ? "result" : fill !== "none" || share > 0 ? "mask" : "scan");

/**
 * Ask with a dialog whose buttons have keys; returns the value of the button that was chosen, or "".
 * @param {{label: string, value: string, code?: string, keys?: string}[]} choices The first one stands out.
 */
async function ask(title, text, choices) {
  const buttons = choices.map(({ label, value, keys }, i) => h("button", { value, class: i ? null : "primary", autofocus: !i, "aria-keyshortcuts": keys }, h("span", {}, label), keys ? h("kbd", { "aria-hidden": "true" }, keys) : null));
  const form = h("form", { method: "dialog" }, h("p", {}, text), h("div", { class: "row end" }, h("button", { value: "" }, t("cancel")), buttons.reverse()));
  const press = (event) => {
    // A key that is held down must not answer the question that it has opened.
    const chosen = !event.repeat && !event.ctrlKey && !event.metaKey && !event.altKey && choices.find(({ code }) => code === event.code);
    if (chosen) form.closest("dialog")?.close(chosen.value);
  };
  form.addEventListener("keydown", press);
  return openDialog(title, t("close"), form);
}

/** Put the scan's own pixels back on the whole page. The mask stays. */
export async function takeBack(view) {
  if (view.job || !view.page.restored_version) return;
  const yes = await ask(t("back.title"), t("back.text"), [{ label: t("back.go"), value: "yes" }]);
  if (yes) await run(view, "undo");
}

/** What is to be done with a page before its result can be approved; true if its mask may be approved instead. */
async function approvesMask(view) {
  const { fill, share } = view.page;
  if (!(share > 0)) {
    if (await ask(t("pending.empty"), t("pending.empty.text"), [{ label: t("back.go"), value: "yes" }])) await run(view, "undo");
    return false;
  }
  const chosen = await ask(t(`pending.${fill}`), t("pending.text"), [
    { label: t(fill === "none" ? "pending.restore" : "pending.again"), value: "restore", code: "KeyR", keys: "R" },
    { label: t("pending.mask"), value: "mask", code: "KeyA", keys: "A" },
  ]);
  if (chosen === "restore") view.restore();
  return chosen === "mask";
}

/** Decide about the page and go on to the next one without a decision; after the last one back to the folder. */
export async function decide(view, decision) {
  if (view.deciding) return;
  view.deciding = true;
  try {
    await decided(view, decision);
  } finally {
    view.deciding = false;
  }
}

async function decided(view, decision) {
  if (view.job && decision !== "reject") {
    toast(t("decision.wait"));
    return;
  }
  const { host } = view;
  await sent(view.sync);
  await view.refresh();
  if (decision === "approve" && !view.page.problem && subjectOf(view.page) === "mask" && !(await approvesMask(view))) return;
  const page = await view.attempt(() => post(`/pages/${view.page.id}/decision`, { decision }));
  if (!page) return;
  view.take(page);
  host.list.note(page);
  const said = t("decision.done", { name: page.name, state: t(`state.${page.state}`) });
  toast(said, { action: { label: t("decision.undo"), close: t("close"), run: () => reopen(view, page.id) } });
  announce(said);
  const next = await host.undecided(page);
  if (next) host.go(next);
  else {
    toast(t("page.decided"));
    host.leave();
  }
}

async function reopen(view, id) {
  await view.attempt(() => post(`/pages/${id}/decision`, { decision: "open" }));
  view.host.go(id);
}
