// Problems of the server in the reader's language.

import { Lost } from "./api.js";
import { t, word } from "./i18n.js";

/** A problem as a sentence; the server's own words follow where there is a fix in them. */
export function problemText(problem) {
  if (problem instanceof Lost) return t(`lost.${problem.reason}`);
  const title = word("problem", problem.title ?? problem.message ?? "");
  const detail = problem.detail && problem.fix ? t("told.fix", { detail: problem.detail, fix: problem.fix }) : problem.detail || problem.fix;
  return detail && detail !== title ? `${title || t("problem")}: ${detail}` : title || t("problem");
}
