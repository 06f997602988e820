// Work on the whole folder, shown above every view: its progress, Cancel, and at the end its result with every failure.

import { get, post } from "./api.js";
import { announce, button, h, toast } from "./dom.js";
import { Job, events, findJob } from "./events.js";
import { percent, t } from "./i18n.js";
import { problemText } from "./problems.js";

const KINDS = ["detect", "restore"];

const isOfFolder = (told) => told.background && told.page === null && KINDS.includes(told.kind);

/** How many pages were skipped, for each reason, in words. */
export const skipped = (reasons) => Object.entries(reasons).map(([reason, n]) => t(`skip.${reason}`, { n })).join(t("skip.join"));

function outcomeText({ kind, state, outcome }) {
  const { done, skipped: reasons } = outcome;
  const n = Object.values(done).reduce((sum, each) => sum + each, 0);
  const counts = { found: done.found ?? 0, look: done.uncertain ?? 0, sound: done.undamaged ?? 0 };
  const told = [kind === "restore" ? t("job.restoredAll", { n }) : t("job.searched", counts)];
  if (state === "cancelled") told.unshift(t("job.cancelled"));
  if (counts.look) told.push(t("job.look"));
  if (outcome.failed) told.push(t("job.failedAll", { n: outcome.failed }));
  if (Object.keys(reasons).length) told.push(t("skip.told", { reasons: skipped(reasons) }));
  return told.join(" ");
}

/** Events: "change" (a job began, or `job` is null again). */
export class FolderJobs extends EventTarget {
  constructor(element) {
    super();
    this.element = element;
    this.job = null;
    this.over = null; // the last job, until its result is closed
    events.addEventListener("job", ({ detail }) => isOfFolder(detail) && this.#follow(detail));
    events.addEventListener("job", ({ detail }) => detail.kind === "write" && detail.state === "failed" && this.#tellUnwritten(detail));
    events.addEventListener("again", () => this.find());
  }

  /** Take up the work that runs already: after a reload, or begun in another window. */
  async find() {
    const told = await findJob(isOfFolder);
    if (told) this.#follow(told);
  }

  async start(path, json) {
    if (this.job) return;
    try {
      this.#follow(await post(path, json));
    } catch (error) {
      toast(problemText(error), { error: true });
    }
  }

  async #follow(told) {
    if (this.job || told.id === this.last) return;
    this.last = told.id;
    this.over = null;
    const job = (this.job = new Job(told));
    job.addEventListener("progress", () => this.#progress());
    this.render();
    this.dispatchEvent(new Event("change"));
    announce(t(`job.${told.kind}`));
    this.over = await job.ended;
    this.job = null;
    this.render();
    this.dispatchEvent(new Event("change"));
  }

  /** A refilled region could not be written into the output file. No view follows that job, so every view shows this. */
  async #tellUnwritten(told) {
    const { problem } = await get(`/jobs/${told.id}`).catch(() => told);
    toast(problemText(problem ?? {}), { error: true });
  }

  #progress() {
    const { state, kind, progress } = this.job.told;
    this.bar.value = progress ?? 0;
    this.label.textContent = state === "queued" ? t("job.queued") : `${t(`job.${kind}`)} ${percent(this.bar.value)}`;
  }

  render() {
    this.element.hidden = !this.job && !this.over;
    if (this.job) {
      this.bar = h("progress", { max: 1, "aria-label": t("job.progress") });
      this.label = h("span", {});
      this.element.replaceChildren(h("div", { class: "job banner" }, this.label, this.bar, button(t("cancel"), () => this.job?.cancel())));
      this.#progress();
    } else if (this.over) this.element.replaceChildren(this.#outcome());
  }

  #outcome() {
    const { state, problem, outcome } = this.over;
    const close = button(t("close"), () => {
      this.over = null;
      this.render();
    }, { class: "quiet", symbol: "close", hide: true });
    const failures = outcome?.failures ?? [];
    const text = state === "failed" ? problemText(problem ?? {}) : outcome ? outcomeText(this.over) : t("job.cancelled");
    const list = failures.map((one) => h("li", {}, h("a", { href: `#/page/${one.page}` }, one.name), " ", problemText(one.problem)));
    const bad = state === "failed" || failures.length > 0;
    return h("div", { class: bad ? "outcome bad" : "outcome", role: bad ? "alert" : "status" }, h("div", {}, h("p", {}, text), failures.length ? h("ul", {}, list) : null), close);
  }
}
