// The words of the page. The language is the browser's unless the reader chose one.

export const LANGUAGES = { en: "English", ko: "한국어" };

let words = {};
let rules;
export let language = "en";

function preferred() {
  const wanted = [localStorage.getItem("language"), ...navigator.languages.map((tag) => tag.split("-")[0])];
  return wanted.find((tag) => tag in LANGUAGES) ?? "en";
}

export async function loadLanguage(chosen) {
  if (chosen) localStorage.setItem("language", chosen);
  language = preferred();
  words = await (await fetch(`locales/${language}.json`)).json();
  rules = new Intl.PluralRules(language);
  document.documentElement.lang = language;
}

/** A text by its key. {name} stands for a value; with `n` the form for one or for many is taken where there are two. */
export function t(key, values = {}) {
  const form = "n" in values ? `${key}.${rules.select(values.n)}` : key;
  const text = words[form] ?? words[key] ?? words[`${key}.other`];
  if (text === undefined) throw new Error(`no text for ${key}`);
  return text.replace(/\{(\w+)\}/g, (_, name) => (typeof values[name] === "number" ? number(values[name]) : values[name]));
}

/** A text for one of the server's own words, or that word where there is none. */
export function word(group, name) {
  return words[`${group}.${name}`] ?? name;
}

export function number(value) {
  return new Intl.NumberFormat(language).format(value);
}

/** A share 0..1 as a percentage with two figures where it is small. */
export function percent(share) {
  const digits = share > 0 && share < 0.0995 ? (share < 0.00995 ? 2 : 1) : 0;
  return new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: digits }).format(share);
}
