// The picture of a history as SVG, and as an HTML page that needs nothing else: no script, no font, no network. Colours come
// with a dark variant; roles are told by words and shape as well, so that nobody depends on colour.

import type { Bar, Layout } from "./layout.ts";

const COLUMN = 8;
const LANE = 34;
/** Room for a character of a lane's name. */
const LETTER = 8;

const STYLE = `
svg{font:12px ui-monospace,Menlo,Consolas,monospace;background:#fff;color:#1c1e21}
.lane{stroke:#d5d9df}.name{fill:#5a6270}.bar{stroke-width:1;rx:4}
.placed{fill:#e3f1e5;stroke:#3d8b4d}.core{fill:#fdf0d5;stroke:#b7791f}.impossible{fill:#fbdcdc;stroke:#c53030;stroke-width:2}
.unknown{fill:#eef0f3;stroke:#7a828f;stroke-dasharray:4 3}.other{fill:#f4f5f7;stroke:#a4abb6}.label{fill:#1c1e21}.point{fill:#1d4ed8}
@media(prefers-color-scheme:dark){svg{background:#15171a;color:#e6e8eb}.lane{stroke:#2c3138}.name{fill:#98a1ae}.label{fill:#e6e8eb}
.placed{fill:#173a20;stroke:#58b26b}.core{fill:#43320d;stroke:#d9a441}.impossible{fill:#4d1717;stroke:#f06a6a}.unknown{fill:#24282e;stroke:#8b94a1}
.other{fill:#1e2126;stroke:#5a6270}.point{fill:#7aa5ff}}`;

const MEANING: Readonly<Record<Bar["role"], string>> = {
  placed: "placed in the order that was found",
  core: "part of the contradiction",
  impossible: "cannot be placed",
  unknown: "outcome unknown: it may have happened at any time from here on, or never",
  other: "not placed",
};

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (c) => (c === "&" ? "&amp;" : c === "<" ? "&lt;" : c === ">" ? "&gt;" : "&quot;"));
}

/** Where the lanes begin: behind their names. */
function leftOf({ lanes }: Layout): number {
  return 24 + LETTER * Math.max(4, ...lanes.map((name) => name.length));
}

function bar(item: Bar, left: number): string {
  const x = left + item.from * COLUMN;
  const width = (item.to - item.from) * COLUMN;
  const y = 8 + item.lane * LANE;
  const mark = item.role === "impossible" ? "✗ " : "";
  const title = `${item.label}: ${MEANING[item.role]}`;
  const point =
    item.point < 0 ? "" : `<circle class="point" cx="${left + Math.round(item.point * COLUMN)}" cy="${y + 24}" r="3"/>`;
  return (
    `<g><title>${escaped(title)}</title><rect class="bar ${item.role}" x="${x}" y="${y}" width="${width}" height="20" rx="4"/>` +
    `<text class="label" x="${x + 6}" y="${y + 14}">${escaped(mark + item.label)}</text>${point}</g>`
  );
}

/** The picture as one SVG element with its own style. `title` is read out by screen readers. */
export function svgPicture(layout: Layout, title: string): string {
  const left = leftOf(layout);
  const width = left + layout.columns * COLUMN + 16;
  const height = layout.lanes.length * LANE + 12;
  const lanes = layout.lanes.map((name, lane) => {
    const y = 18 + lane * LANE;
    return `<line class="lane" x1="${left}" x2="${width}" y1="${y}" y2="${y}"/><text class="name" x="8" y="${y + 4}">${escaped(name)}</text>`;
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">` +
    `<title>${escaped(title)}</title><style>${STYLE}</style>${lanes.join("")}${layout.bars.map((item) => bar(item, left)).join("")}</svg>`
  );
}

/** A page of its own around the picture: `lines` are said above it. */
export function htmlPage(layout: Layout, title: string, lines: readonly string[]): string {
  const rows = [...layout.bars]
    .sort((a, b) => (a.place === 0 ? 1 : 0) - (b.place === 0 ? 1 : 0) || a.place - b.place)
    .map((item) => {
      const place = item.place === 0 ? "–" : String(item.place);
      return `<tr><td>${place}</td><td>${escaped(layout.lanes[item.lane]!)}</td><td>${escaped(item.label)}</td><td>${MEANING[item.role]}</td></tr>`;
    });
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title>` +
    `<style>:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;margin:2rem;max-width:none}.picture{overflow-x:auto}table{border-collapse:collapse;margin-top:1.5rem}td,th{padding:.2rem .8rem .2rem 0;text-align:left}</style></head>` +
    `<body><h1>${escaped(title)}</h1>${lines.map((line) => `<p>${escaped(line)}</p>`).join("")}<div class="picture">${svgPicture(layout, title)}</div>` +
    `<table><thead><tr><th>place</th><th>client</th><th>operation</th><th></th></tr></thead><tbody>${rows.join("")}</tbody></table></body></html>\n`
  );
}
