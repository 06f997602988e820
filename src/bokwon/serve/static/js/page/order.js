// In which order regions are listed, and judged one after the other.

export const ORDERS = ["surest", "largest", "unsure"];

/** What somebody drew or gave is certain. */
const sure = (region) => region.confidence ?? 1;
const larger = (one, other) => other.area - one.area || one.id - other.id;

const BY = {
  surest: (one, other) => sure(other) - sure(one) || larger(one, other),
  largest: larger,
  unsure: (one, other) => sure(one) - sure(other) || larger(one, other),
};

export const inOrder = (regions, order) => [...regions].sort(BY[order]);

/** The order that was chosen last, for all pages. */
export function savedOrder() {
  const saved = localStorage.getItem("regions");
  return ORDERS.includes(saved) ? saved : ORDERS[0];
}

export const saveOrder = (order) => localStorage.setItem("regions", order);
