// Restore, compare, decide: the lower parts of the panel.

import { url } from "../api.js";
import { button, choice, h } from "../dom.js";
import { t, word } from "../i18n.js";
import { problemText } from "../problems.js";
import { MODES } from "./compare.js";
import { isUnsearched } from "./damage.js";
import { decide, run, subjectOf, takeBack } from "./work.js";

/** What the colours of the evidence mean: those of a record's overlay on paper; see bokwon.provenance.overlay. */
const EVIDENCE = [
  ["made", [0, 40, 170]],
  ["left", [90, 225, 255]],
  ["near", [91, 173, 127]],
  ["far", [214, 106, 100]],
  ["none", [152, 75, 127]],
];

/** Models that the choice of a material names already. */
const OF_MATERIALS = ["document", "photo"];

/** Selects for the material, model or method and for the finish of a restoration; `settings()` is what the server takes. */
export function methodFields(folder) {
  const materials = folder.materials.map((name) => [`material:${name}`, word("material", name)]);
  const models = folder.models.filter(({ name }) => !OF_MATERIALS.includes(name)).map(({ name, title }) => [`model:${name}`, title ?? name]);
  const others = folder.methods.filter((name) => name !== "model").map((name) => [name, word("method", name)]);
  const method = choice(t("restore.method"), [...materials, ...models, ...others]);
  const finish = choice(t("restore.finish"), folder.finishes.map((name) => [name, word("finish", name)]));
  const settings = () => {
    const [kind, name] = method.select.value.split(":");
    return name ? { [kind]: name, finish: finish.select.value } : { method: kind };
  };
  const update = () => (finish.hidden = !method.select.value.includes(":"));
  method.select.addEventListener("change", update);
  update();
  return { method, finish, settings };
}

export function restorePanel(view) {
  const { method, finish, settings } = methodFields(view.folder);
  const go = button(t("restore.page"), () => run(view, "restore", settings()), { class: "primary", keys: "R", symbol: "restore" });
  const bar = h("progress", { max: 1, "aria-label": t("job.progress") });
  const label = h("span", {});
  // Over the page, where it is seen with the panel closed too.
  const job = h("div", { class: "job working", hidden: true }, label, bar, button(t("cancel"), () => view.job?.cancel()));
  const files = h("p", { class: "row downloads" });
  const stale = h("p", { class: "stale" });
  const back = button(t("back.go"), () => takeBack(view), { symbol: "undo", keys: "Shift+R" });
  view.frame.append(job);
  view.restore = () => !go.disabled && run(view, "restore", settings());
  const show = () => {
    if (!view.job) return;
    const { state, kind, progress } = view.job.told;
    bar.value = progress ?? 0;
    label.textContent = t(state === "queued" ? "job.queued" : `job.${kind}`);
  };
  const update = () => {
    job.hidden = !view.job;
    const empty = !(view.page.share > 0);
    const { fill } = view.page;
    go.classList.toggle("primary", !empty && fill !== "whole");
    stale.hidden = fill !== "changed" && fill !== "in part";
    stale.textContent = stale.hidden ? "" : t(empty ? "pending.empty" : `pending.${fill}`);
    back.hidden = !view.page.restored_version;
    back.disabled = Boolean(view.job);
    go.disabled = Boolean(view.job) || empty;
    go.title = empty ? t("restore.nothing") : `${t("restore.page")} (R)`;
    show();
    view.job?.addEventListener("progress", show);
    const link = (what) => h("a", { href: url(`/pages/${view.page.id}/download?what=${what}`), download: "" }, t(`download.${what}`));
    files.replaceChildren(...(view.page.restored_version ? [link("restored"), link("record")] : []));
  };
  for (const name of ["page", "job"]) view.listen(view, name, update);
  update();
  return h("section", { "aria-labelledby": "restore-title" }, h("h2", { id: "restore-title" }, t("restore.title")), stale, h("div", { class: "pair" }, method, finish), go, back, files);
}

export function comparePanel(view) {
  const { compare } = view;
  const keys = { slider: "C", side: "S" };
  const modes = MODES.map((mode) => button(t(`compare.${mode}`), () => compare.set(mode), { keys: keys[mode], class: "segment", "aria-pressed": "false" }));
  const toggle = (label, key, act) => {
    const input = h("input", { type: "checkbox", onchange: () => act(input.checked) });
    return Object.assign(h("label", { class: "check" }, input, h("span", {}, t(label)), h("kbd", { "aria-hidden": "true" }, key)), { input });
  };
  const mask = toggle("compare.mask", "M", (shown) => view.showMask(shown));
  const evidence = toggle("compare.evidence.show", "I", (shown) => compare.setEvidence(shown));
  const legend = h("ul", { class: "muted legend" }, EVIDENCE.map(([name, colour]) => {
    const swatch = h("span", { class: "swatch", "aria-hidden": "true" });
    swatch.style.background = `rgb(${colour.join(" ")})`;
    return h("li", {}, swatch, h("span", {}, t(`compare.legend.${name}`)));
  }));
  const hint = h("p", { class: "muted" }, t("compare.hold"));
  let shown = 0;
  const update = () => {
    const restored = view.page.restored_version > 0;
    hint.hidden = !restored;
    modes.forEach((element, i) => {
      element.setAttribute("aria-pressed", String(compare.mode === MODES[i]));
      element.disabled = i > 0 && !restored;
    });
    mask.input.checked = view.overlay.visible;
    evidence.hidden = !view.page.evidence;
    evidence.input.checked = compare.evidence;
    legend.hidden = !(view.page.evidence && compare.evidence);
    const size = [evidence, legend, hint].filter((each) => !each.hidden).length;
    // The next thing to do is to look at it; what there is for it must be in sight.
    if (size > shown && restored) requestAnimationFrame(() => section.scrollIntoView({ block: "end" }));
    shown = size;
  };
  const section = h("section", { "aria-labelledby": "compare-title" }, h("h2", { id: "compare-title" }, t("compare.title")), h("div", { class: "modes", role: "group", "aria-label": t("compare.title") }, modes), mask, evidence, legend, hint);
  for (const name of ["page", "mask"]) view.listen(view, name, update);
  view.listen(compare, "change", update);
  update();
  return section;
}

export function decisionPanel(view, more) {
  const approve = button("", () => decide(view, "approve"), { class: "primary approve", keys: "A", symbol: "check", title: false });
  const back = button(t("decision.reject"), () => decide(view, "reject"), { keys: "X" });
  const sound = button(t("decision.undamaged"), () => decide(view, "undamaged"), { keys: "U" });
  const problem = h("p", { class: "problem", role: "status" });
  // On phones, where the other sections are closed: what comes before a decision.
  const find = button(t("damage.find"), () => run(view, "detect"), { class: "next primary", symbol: "find" });
  const restore = button(t("restore.page"), () => view.restore(), { class: "next primary", symbol: "restore" });
  const update = () => {
    const { page } = view;
    problem.hidden = !page.problem;
    problem.textContent = page.problem ? problemText(page.problem) : "";
    // The button of the next step stands out: find damage; restore; approve, on a restored page; "no damage", if nothing
    // was found; "needs a look", if the page cannot be read.
    const unsearched = isUnsearched(view);
    const nothing = page.share === 0 && !page.restored_version && !page.regions?.length && !unsearched && page.width > 0;
    const subject = subjectOf(page);
    approve.querySelector("span").textContent = t(`decision.approve.${subject}`);
    approve.title = `${t(`decision.approve.${subject}`)} (A)`;
    approve.classList.toggle("primary", subject === "result");
    sound.classList.toggle("primary", nothing);
    back.classList.toggle("primary", !page.width);
    find.hidden = !unsearched;
    restore.hidden = !(page.share > 0) || page.fill === "whole";
    find.disabled = restore.disabled = Boolean(view.job);
  };
  for (const name of ["page", "job"]) view.listen(view, name, update);
  update();
  return h("section", { class: "decision", "aria-label": t("decision.title") }, problem, find, restore, approve, h("div", { class: "row" }, back, sound), more);
}
