// The dialog that asks which pages are restored together. It says how many, and why others are not.

import { get } from "./api.js";
import { button, h, openDialog, slider } from "./dom.js";
import { percent, t } from "./i18n.js";
import { skipped } from "./jobs.js";

const PAUSE = 150; // milliseconds after the slider has come to rest
const ONLY = ["approved", "found", "all"];

/** Ask what to restore. Returns the body of the request, or null. */
export async function askRestore(folder) {
  let plans = await get("/folder/restore");
  const first = plans.approved.pages ? "approved" : "found";
  const options = ONLY.map((only) => {
    const count = h("span", { class: "muted" });
    const radio = h("input", { type: "radio", name: "only", value: only, checked: only === first, autofocus: only === first });
    return { only, radio, count, element: h("label", { class: "check" }, radio, h("span", {}, t(`restore.${only}`)), count) };
  });
  const certain = slider(t("restore.certain"), { min: 50, max: 99, value: Math.round(folder.certain * 100), text: (value) => percent(value / 100), oninput: () => ask() });
  const limit = h("input", { type: "checkbox", onchange: () => ask() });
  const meaning = h("p", { class: "muted", id: "certain-meaning" });
  const sure = h("div", { class: "sure-only" }, h("label", { class: "check" }, limit, h("span", {}, t("restore.only"))), certain, meaning);
  limit.setAttribute("aria-describedby", "certain-meaning");
  const told = h("p", { class: "plan", role: "status" });
  const go = h("button", { value: "go", class: "primary" }, t("restore.go"));
  // Not a submit button: Enter would press the first one of the form.
  const cancel = button(t("cancel"), () => form.closest("dialog").close(""));
  const form = h("form", { method: "dialog" }, options.map((option) => option.element), folder.detector ? sure : [], told, h("div", { class: "row end" }, cancel, go));
  const only = () => form.querySelector("[name=only]:checked").value;
  const isLimited = () => limit.checked && only() !== "approved";
  const share = () => Number(certain.input.value) / 100;

  function show() {
    for (const option of options) {
      const { pages } = plans[option.only];
      option.count.textContent = t("restore.pages", { n: pages });
    }
    // Approved masks are restored as they are.
    sure.hidden = only() === "approved";
    certain.hidden = !limit.checked;
    meaning.textContent = t("restore.means", { share: percent(share()) });
    const { pages, skipped: reasons } = plans[only()];
    const will = pages ? t("restore.will", { n: pages }) : t("restore.none");
    told.textContent = [will, Object.keys(reasons).length ? t("skip.told", { reasons: skipped(reasons) }) : ""].filter(Boolean).join(" ");
    go.disabled = !pages;
  }

  let timer;
  let turn = 0;
  function ask() {
    show();
    clearTimeout(timer);
    const mine = ++turn;
    timer = setTimeout(async () => {
      const answer = await get(`/folder/restore${limit.checked ? `?certain=${share()}` : ""}`).catch(() => null);
      if (!answer || mine !== turn) return;
      plans = answer;
      show();
    }, PAUSE);
  }

  form.addEventListener("change", show);
  show();
  if ((await openDialog(t("folder.restore"), t("close"), form)) !== "go") return null;
  return { only: only(), ...(isLimited() ? { certain: share() } : {}) };
}
