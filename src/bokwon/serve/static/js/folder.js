// The folder: what state each page is in, the worst first, and work on all of them.

import { get, url } from "./api.js";
import { announce, button, choice, h, icon, openDialog, slider, toast } from "./dom.js";
import { Job, events } from "./events.js";
import { number, percent, t, word } from "./i18n.js";
import { bind } from "./keys.js";
import { problemText } from "./problems.js";

const STATES = ["new", "found", "needs a look", "approved", "restored", "undamaged", "failed"];
const PAUSE = 400; // milliseconds in which changes of many pages are gathered

function card(page) {
  const layer = page.restored_version ? "restored" : "original";
  const image = h("img", { src: url(`/pages/${page.id}/thumbnail?layer=${layer}&v=${page.restored_version}`), alt: "", loading: "lazy", decoding: "async" });
  const share = page.share > 0 ? t("card.share", { share: percent(page.share) }) : "";
  const part = page.count > 1 ? t("page.of", { page: page.index + 1, count: page.count }) : "";
  const problem = page.problem ? word("problem", page.problem.title) : "";
  return h(
    "li",
    { dataset: { id: page.id } },
    h(
      "a",
      { href: `#/page/${page.id}`, class: "page-card" },
      h("span", { class: "picture" }, page.problem ? icon("close") : image),
      h("span", { class: "name", title: page.name }, page.name),
      h("span", { class: "facts" }, h("span", { class: "chip", dataset: { state: page.state } }, t(`state.${page.state}`)), h("span", { class: "muted" }, [part, share].filter(Boolean).join(" · ")), page.restored_version && page.state !== "restored" ? h("span", { class: "done", title: t("state.restored") }, icon("restore")) : null),
      problem ? h("span", { class: "problem" }, problem) : null,
    ),
  );
}

export class FolderView {
  constructor(root, host) {
    Object.assign(this, { root, host, list: host.list, closing: new AbortController(), late: new Map(), done: new Set() });
    const { signal } = this.closing;
    this.grid = h("ul", { class: "grid", "aria-label": t("folder.pages") });
    this.filters = h("div", { class: "filters", role: "group", "aria-label": t("folder.filter") });
    this.tail = h("div", { class: "tail" });
    this.empty = h("p", { class: "empty", hidden: true });
    root.replaceChildren(h("div", { class: "folder" }, this.#head(), this.filters, this.#banner(), this.grid, this.empty, this.tail));
    this.#showFilters();
    events.addEventListener("page", ({ detail }) => this.#changed(detail), { signal });
    events.addEventListener("again", () => this.#reload(), { signal });
    // Asked for before the end is in sight: the answer may have to wait for thumbnails.
    new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && this.#more(), { root, rootMargin: "0px 0px 200%" }).observe(this.tail);
    bind({ ArrowLeft: () => this.#step(-1), ArrowRight: () => this.#step(1), ArrowUp: () => this.#step(-this.#columns()), ArrowDown: () => this.#step(this.#columns()) }, signal);
    this.#reload();
  }

  #head() {
    const { folder } = this.host;
    const title = h("h1", { tabindex: "-1" }, folder.name);
    const order = choice(t("folder.order"), [["worst", t("order.worst")], ["name", t("order.name")]], this.list.order, (value) => {
      this.list.choose({ order: value });
      this.#reload();
    });
    const find = button(t("folder.find"), () => this.#run("/folder/detect", {}, "detect"), { symbol: "find", disabled: !folder.detector, title: folder.detector ? null : t("damage.model") });
    const restore = button(t("folder.restore"), () => this.#askRestore(), { symbol: "restore", class: "primary" });
    const download = h("a", { class: "button", href: url("/folder/download"), download: "" }, icon("save"), h("span", {}, t("folder.download")));
    this.report = h("a", { class: "button", href: url("/folder/report"), download: "" }, icon("save"), h("span", {}, t("folder.report")));
    this.actions = [find, restore];
    this.tools = h("div", { class: "actions" }, order, find, restore, this.report, download);
    const notices = [...folder.notices, ...(folder.readonly ? [t("folder.readonly", { output: folder.output })] : []), ...(folder.detector ? [] : [t("damage.model")])];
    return h("header", { class: "head" }, h("div", {}, title, h("p", { class: "muted" }, t("folder.output", { output: folder.output }))), this.tools, notices.map((notice) => h("p", { class: "notice" }, notice)));
  }

  #banner() {
    this.bar = h("progress", { max: 1, "aria-label": t("job.progress") });
    this.label = h("span", {});
    this.banner = h("div", { class: "job banner", hidden: true }, this.label, this.bar, button(t("cancel"), () => this.job?.cancel()));
    return this.banner;
  }

  #showFilters() {
    const { counts, total, reported } = this.host.folder;
    this.report.hidden = !reported;
    this.tools.hidden = this.filters.hidden = !total;
    const filter = (state, label, n) => button(label, () => this.#filter(state), { class: "filter", "aria-pressed": String(this.list.state === state), dataset: { state } });
    const all = filter("", `${t("state.all")} ${number(total)}`, total);
    this.filters.replaceChildren(all, ...STATES.filter((state) => counts[state] || this.list.state === state).map((state) => filter(state, `${t(`state.${state}`)} ${number(counts[state] ?? 0)}`)));
  }

  #filter(state) {
    this.list.choose({ state });
    this.#showFilters();
    this.filters.querySelector("[aria-pressed=true]")?.focus();
    this.#reload();
  }

  async #reload() {
    this.list.clear();
    await this.#counts();
    this.fresh = true;
    await this.#more();
  }

  async #counts() {
    const folder = await get("/folder").catch(() => null);
    if (!folder || this.closing.signal.aborted) return;
    Object.assign(this.host.folder, folder);
    const focused = document.activeElement?.dataset.state;
    const had = this.filters.contains(document.activeElement);
    this.#showFilters();
    if (had) this.filters.querySelector(`[data-state="${focused}"]`)?.focus();
  }

  async #more() {
    if (this.loading || this.list.ended || this.closing.signal.aborted) return;
    this.loading = true;
    try {
      const pages = await this.list.more();
      if (this.fresh) this.grid.replaceChildren();
      this.fresh = false;
      this.grid.append(...pages.map(card));
      this.empty.hidden = this.list.pages.length > 0;
      this.empty.textContent = t(this.list.state ? "folder.none" : "folder.empty");
    } catch (error) {
      toast(problemText(error), { error: true });
    } finally {
      this.loading = false;
    }
    // The end may still be in sight, and the observer tells only of changes.
    if (!this.list.ended && this.tail.getBoundingClientRect().top < innerHeight) await this.#more();
  }

  /** Exchange the cards of changed pages, many at a time. */
  #changed(page) {
    if (this.job && page.restored_version) this.done.add(page.id);
    this.late.set(page.id, page);
    this.timer ??= setTimeout(async () => {
      this.timer = null;
      const pages = [...this.late.values()];
      this.late.clear();
      await this.#counts();
      if (this.closing.signal.aborted) return;
      for (const page of pages) {
        const old = this.grid.querySelector(`[data-id="${CSS.escape(page.id)}"]`);
        if (!old) continue;
        const focused = old.contains(document.activeElement);
        const fresh = card(page);
        old.replaceWith(fresh);
        if (focused) fresh.querySelector("a").focus();
      }
    }, PAUSE);
  }

  async #run(path, json, kind) {
    if (this.job) return;
    try {
      this.job = await Job.start(path, json);
    } catch (error) {
      toast(problemText(error), { error: true });
      return;
    }
    this.done.clear();
    this.actions.forEach((action) => (action.disabled = true));
    this.banner.hidden = false;
    const show = () => {
      this.bar.value = this.job.told.progress ?? 0;
      this.label.textContent = `${t(`job.${kind}`)} ${percent(this.bar.value)}`;
    };
    show();
    this.job.addEventListener("progress", show);
    announce(t(`job.${kind}`));
    const told = await this.job.ended;
    this.job = null;
    this.banner.hidden = true;
    this.actions[0].disabled = !this.host.folder.detector;
    this.actions[1].disabled = false;
    await this.#reload();
    if (told.state === "failed") toast(problemText(told.problem ?? {}), { error: true });
    else if (told.state === "cancelled") toast(t("job.cancelled"));
    else toast(this.#outcome(kind));
  }

  /** What came of work on the whole folder, in numbers. */
  #outcome(kind) {
    const { counts } = this.host.folder;
    if (kind === "restore") return t("job.restoredAll", { n: this.done.size });
    return t("job.searched", { found: counts.found, look: counts["needs a look"], sound: counts.undamaged });
  }

  async #askRestore() {
    const { approved } = this.host.folder.counts;
    const option = (value, label, checked) => h("label", { class: "check" }, h("input", { type: "radio", name: "only", value, checked }), h("span", {}, t(label)));
    const certain = slider(t("restore.certain"), { min: 50, max: 99, value: 90, text: (value) => percent(value / 100) });
    const sure = h("label", { class: "check" }, h("input", { type: "checkbox" }), h("span", {}, t("restore.only")));
    const limit = sure.querySelector("input");
    const show = () => (certain.hidden = !limit.checked);
    limit.addEventListener("change", show);
    show();
    const form = h("form", { method: "dialog" }, option("approved", "restore.approved", approved > 0), option("found", "restore.found", !approved), option("all", "restore.all"), this.host.folder.detector ? [sure, certain] : [], h("div", { class: "row end" }, h("button", { value: "" }, t("cancel")), h("button", { value: "go", class: "primary" }, t("restore.go"))));
    if ((await openDialog(t("folder.restore"), t("close"), form)) !== "go") return;
    const json = { only: form.querySelector("[name=only]:checked").value };
    if (limit.checked) json.certain = Number(certain.input.value) / 100;
    await this.#run("/folder/restore", json, "restore");
  }

  #columns() {
    return getComputedStyle(this.grid).gridTemplateColumns.split(" ").length;
  }

  #step(by) {
    const links = [...this.grid.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    links[at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + by))]?.focus();
  }

  close() {
    this.closing.abort();
    // Thumbnails on their way would keep the tiles of a page waiting.
    for (const image of this.grid.querySelectorAll("img")) if (!image.complete) image.removeAttribute("src");
  }
}
