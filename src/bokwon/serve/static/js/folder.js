// The folder: what state each page is in, the worst first, and work on all of them.

import { get, url } from "./api.js";
import { button, choice, h, icon, toast } from "./dom.js";
import { events } from "./events.js";
import { number, percent, t, word } from "./i18n.js";
import { bind } from "./keys.js";
import { problemText } from "./problems.js";
import { askRestore } from "./restore_all.js";

// In the order of the work: what is to be done comes first.
const STATES = ["failed", "new", "found", "uncertain", "needs a look", "mask approved", "in part", "changed", "restored", "approved", "approved as it is", "undamaged"];
const PAUSE = 400; // milliseconds in which changes of many pages are gathered
const AGAIN = 3000; // milliseconds until the list is asked for again: after an error, or while the folder is empty
const LOOK = 30_000; // milliseconds between looks whether there are new files

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
      h("span", { class: "facts" }, h("span", { class: "chip", dataset: { state: page.state } }, t(`state.${page.state}`)), h("span", { class: "muted" }, [part, share].filter(Boolean).join(" · ")), page.restored_version && page.fill === "whole" && page.state !== "restored" ? h("span", { class: "done", title: t("state.restored") }, icon("restore")) : null),
      problem ? h("span", { class: "problem" }, problem) : null,
    ),
  );
}

export class FolderView {
  constructor(root, host) {
    Object.assign(this, { root, host, list: host.list, closing: new AbortController(), late: new Map() });
    const { signal } = this.closing;
    this.grid = h("ul", { class: "grid", "aria-label": t("folder.pages") });
    this.filters = h("div", { class: "filters", role: "group", "aria-label": t("folder.filter") });
    this.tail = h("div", { class: "tail" });
    this.empty = h("p", { class: "empty", hidden: true });
    root.replaceChildren(h("div", { class: "folder" }, this.#head(), this.filters, this.grid, this.empty, this.tail));
    this.#showFilters();
    events.addEventListener("page", ({ detail }) => this.#changed(detail), { signal });
    for (const name of ["again", "folder"]) events.addEventListener(name, () => this.#reload(), { signal });
    host.jobs.addEventListener("change", () => this.#working(), { signal });
    this.#working();
    // Asked for before the end is in sight: the answer may have to wait for thumbnails.
    new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && this.#more(), { root, rootMargin: "0px 0px 200%" }).observe(this.tail);
    bind({ ArrowLeft: () => this.#step(-1), ArrowRight: () => this.#step(1), ArrowUp: () => this.#step(-this.#columns()), ArrowDown: () => this.#step(this.#columns()) }, signal);
    this.#reload();
    this.#watch();
  }

  #head() {
    const { folder } = this.host;
    const title = h("h1", { tabindex: "-1" }, folder.name);
    const order = choice(t("folder.order"), [["worst", t("order.worst")], ["name", t("order.name")]], this.list.order, (value) => {
      this.list.choose({ order: value });
      this.#reload();
    });
    const find = button(t("folder.find"), () => this.host.jobs.start("/folder/detect", {}), { symbol: "find", disabled: !folder.detector, title: folder.detector ? null : t("damage.model") });
    const restore = button(t("folder.restore"), () => this.#askRestore(), { symbol: "restore" });
    const download = h("a", { class: "button", href: url("/folder/download"), download: "" }, icon("save"), h("span", {}, t("folder.download")));
    this.report = h("a", { class: "button", href: url("/folder/report"), download: "" }, icon("save"), h("span", {}, t("folder.report")));
    this.actions = [find, restore];
    this.tools = h("div", { class: "actions" }, order, find, restore, this.report, download);
    const notices = [...folder.notices, ...(folder.readonly ? [t("folder.readonly", { output: folder.output })] : []), ...(folder.detector ? [] : [t("damage.model")])];
    return h("header", { class: "head" }, h("div", {}, title, h("p", { class: "muted" }, t("folder.output", { output: folder.output }))), this.tools, notices.map((notice) => h("p", { class: "notice" }, notice)));
  }

  /** One work on the folder at a time; at its end the list has another order. */
  #working() {
    const { job } = this.host.jobs;
    const [find, restore] = this.actions;
    find.disabled = Boolean(job) || !this.host.folder.detector;
    restore.disabled = Boolean(job);
    if (this.worked && !job) this.#reload();
    this.worked = Boolean(job);
  }

  /** Look from time to time whether there are other files in the folder. */
  #watch() {
    this.watching = setTimeout(async () => {
      const { total } = this.host.folder;
      if (!document.hidden) await this.#counts();
      if (this.closing.signal.aborted) return;
      if (this.host.folder.total !== total || this.host.folder.total !== this.list.total && !this.list.state && this.list.ended) await this.#reload();
      this.#watch();
    }, this.list.pages.length ? LOOK : AGAIN);
  }

  #showFilters() {
    const { counts, total, reported } = this.host.folder;
    this.report.hidden = !reported;
    // The next step stands out: find the damage; restore what is marked.
    const ready = ["found", "mask approved", "in part", "changed"].some((state) => counts[state]);
    this.actions[0].classList.toggle("primary", !ready && counts.new > 0 && this.host.folder.detector);
    this.actions[1].classList.toggle("primary", ready);
    this.tools.hidden = this.filters.hidden = !total;
    const filter = (state, label) => button(label, () => this.#filter(state), { class: "filter", "aria-pressed": String(this.list.state === state), dataset: { state } });
    const all = filter("", `${t("state.all")} ${number(total)}`);
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
    this.fresh = true;
    await this.#counts();
    // The filter of an earlier visit may fit no page any more: the folder would look empty.
    if (!this.shown && this.list.state && !this.host.folder.counts[this.list.state]) {
      this.list.choose({ state: "" });
      this.#showFilters();
    }
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
      this.failed = null;
      if (pages && !this.closing.signal.aborted) this.#show(pages);
    } catch (error) {
      const text = problemText(error);
      if (text !== this.failed) toast(text, { error: true });
      this.failed = text;
      this.retry = setTimeout(() => this.#more(), AGAIN);
    } finally {
      this.loading = false;
    }
    if (this.failed) return;
    // The end may still be in sight, and the observer tells only of changes.
    if (this.fresh || this.tail.getBoundingClientRect().top < innerHeight) await this.#more();
  }

  #show(pages) {
    const focused = this.fresh && document.activeElement?.closest?.(".grid li")?.dataset.id;
    if (this.fresh) this.grid.replaceChildren();
    this.fresh = false;
    this.shown = true;
    this.grid.append(...pages.map(card));
    if (focused) this.#card(focused)?.querySelector("a").focus();
    this.empty.hidden = this.list.pages.length > 0;
    this.empty.textContent = t(this.list.state ? "folder.none" : "folder.empty");
  }

  #card(id) {
    return this.grid.querySelector(`[data-id="${CSS.escape(id)}"]`);
  }

  /** Exchange the cards of changed pages, many at a time. */
  #changed(page) {
    this.late.set(page.id, page);
    this.timer ??= setTimeout(async () => {
      this.timer = null;
      const pages = [...this.late.values()];
      this.late.clear();
      await this.#counts();
      if (this.closing.signal.aborted) return;
      for (const page of pages) {
        const old = this.#card(page.id);
        if (!old) continue;
        const focused = old.contains(document.activeElement);
        const fresh = card(page);
        old.replaceWith(fresh);
        if (focused) fresh.querySelector("a").focus();
      }
    }, PAUSE);
  }

  async #askRestore() {
    try {
      const json = await askRestore(this.host.folder);
      if (json) await this.host.jobs.start("/folder/restore", json);
    } catch (error) {
      toast(problemText(error), { error: true });
    }
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
    clearTimeout(this.watching);
    clearTimeout(this.retry);
    // Thumbnails on their way would keep the tiles of a page waiting.
    for (const image of this.grid.querySelectorAll("img")) if (!image.complete) image.removeAttribute("src");
  }
}
