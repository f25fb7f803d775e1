// Behind a number: its clips, with what they were scored by.
const MOST_CLIPS = 1000;

// Text by place, where it is told: see `_coded` in page_data.py.
function decoded(told) {
  const found = new Map();
  told.places.forEach((place, k) => found.set(place, told.texts[told.which[k]]));
  return found;
}

async function clipsOf(where, score, method) {
  const lag = board.scores[score].lag;
  const needed = ["clips", `values-${score}`, ...(lag === null ? [] : [`values-${lag}`])];
  const [index, told, lags] = await Promise.all(needed.map(unpack));
  const [failed, missing, made] = [decoded(index.failed), decoded(told.missing), decoded(told.made)];
  const dataset = board.places.length > 1 ? where - 1 : 0;
  const only = told.made.places.length ? "" : (told.made.texts[0] ?? "");
  return index.ids.flatMap((id, clip) => {
    if (where && index.datasets[clip] !== dataset) return [];
    const at = method * index.ids.length + clip;
    const why = failed.has(at) ? `failed: ${failed.get(at)}` : (missing.get(at) ?? "not scored");
    const value = told.values[at];
    const name = board.places[index.datasets[clip] + (board.places.length > 1)];
    const signature = made.get(at) ?? (value === null && !missing.has(at) ? "" : only);
    const identity = index.identities[clip];
    return [{ dataset: name, id, identity, value, lag: lags?.values[at] ?? null, reason: value === null ? why : "", signature }];
  });
}

function clipTable(score, clips, several) {
  const [lag, texts] = [score.lag === null ? null : board.scores[score.lag], ["dataset", "id", "person"]];
  const [numbers, ends] = [lag ? [score, lag] : [score], several ? ["reason", "signature"] : ["reason"]];
  const number = (value, of) => make("td", { className: "number" }, value === null ? "–" : format(of, value));
  const lines = clips.slice(0, MOST_CLIPS).map((clip) => {
    const names = [clip.dataset, clip.id, clip.identity].map((text) => make("td", {}, text));
    const values = numbers.map((of, k) => number(k ? clip.lag : clip.value, of));
    const code = several ? [make("td", {}, make("code", {}, clip.signature))] : [];
    return make("tr", {}, ...names, ...values, make("td", {}, clip.reason), ...code);
  });
  const titles = numbers.map(({ label, unit }) => make("th", { scope: "col", className: "number" }, `${label} ${unit}`.trim()));
  const [before, after] = [texts, ends].map((names) => names.map((name) => make("th", { scope: "col" }, name)));
  const head = make("thead", {}, make("tr", {}, ...before, ...titles, ...after));
  return make("table", { className: "clips" }, head, make("tbody", {}, ...lines));
}

// Worst first, and before them the clips that have no number.
function worstFirst(clips, better) {
  const sign = better === "↑" ? 1 : -1;
  return clips.sort((a, b) => (b.value === null) - (a.value === null) || sign * (a.value - b.value));
}

function summary(score, told, ranks) {
  const words = [`${score.label} ${told.mean === null ? "–" : format(score, told.mean)} ${score.unit}`.trim()];
  const interval = intervalOf(score, told);
  if (interval) words.push(`${100 * board.level} % interval ${interval}`);
  words.push(`${told.n} of ${told.of} clips have it`);
  if (ranks) words.push(`rank ${ranks}${ranks.includes("→") ? " (if clips without it count as the worst)" : ""}`);
  return make("p", {}, words.join("; "));
}

async function showClips(where, number, method) {
  const score = board.scores[number];
  const told = standing(where, number, method);
  const clips = worstFirst(await clipsOf(where, number, method), score.better);
  const signatures = [...new Set(clips.map((clip) => clip.signature).filter(Boolean))];
  const close = make("button", { type: "button", autofocus: true }, "close");
  close.addEventListener("click", () => $("behind").close());
  const title = make("h2", { id: "behind-title" }, `${board.methods[method][0]}, ${placeName(where)}: ${score.label}`);
  const names = signatures.slice(0, 5).map((text) => make("p", { className: "lead small" }, "signature ", make("code", {}, text)));
  const digests = [...document.querySelectorAll(`[id="def-${CSS.escape(score.name)}"] .digest`)].map((told) => told.cloneNode(true));
  const table = make("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": "clips" });
  table.append(clipTable(score, clips, signatures.length > 1));
  const more = clips.length > MOST_CLIPS ? make("p", {}, `The worst ${MOST_CLIPS} of ${clips.length}; rows.parquet has all.`) : "";
  const definition = make("p", { className: "lead small" }, score.definition);
  const parts = [make("header", {}, title, close), summary(score, told, ranksOf(told)), definition, ...names, ...digests, more, table];
  $("behind").replaceChildren(...parts.filter(Boolean));
  $("behind").showModal();
}
$("behind").addEventListener("click", (event) => event.target === $("behind") && $("behind").close());
