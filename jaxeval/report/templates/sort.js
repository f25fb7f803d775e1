// Clicking a column's head sorts the clips by it, then the other way round; missing values stay last.
for (const head of document.querySelectorAll("#table .sortable")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "⇅";
  button.setAttribute("aria-label", `sort by ${head.querySelector("a").textContent}`);
  head.append(" ", button);
  const column = [...document.querySelectorAll("#table .sortable")].indexOf(head);
  button.addEventListener("click", () => {
    const upward = head.getAttribute("aria-sort") !== "ascending";
    document.querySelectorAll("#table [aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", upward ? "ascending" : "descending");
    const body = document.querySelector("#table tbody");
    const value = (row) => parseFloat(row.querySelectorAll("td")[column]?.dataset.value);
    const order = (a, b) => isNaN(a) - isNaN(b) || (upward ? a - b : b - a) || 0;
    body.append(...[...body.rows].sort((a, b) => order(value(a), value(b))));
  });
}
