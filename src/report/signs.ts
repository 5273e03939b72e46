// The signs that reports are drawn with, once for terminals that show Unicode and once in ASCII. Both sets have the same
// meanings, and every sign of a lane is one column wide.

/** Signs by meaning. */
export interface Signs {
  readonly held: string;
  readonly violated: string;
  readonly undecided: string;
  readonly point: string;
  readonly dash: string;
  readonly more: string;
  /** Between two leaders at the same time, and between one and the next. */
  readonly beside: string;
  readonly next: string;
  readonly range: string;
  /** Of lanes: a member that follows, leads, is down, is crashed, comes back. */
  readonly follows: string;
  readonly leads: string;
  readonly down: string;
  readonly crash: string;
  readonly restart: string;
  /** Of the bars of faults: from, through, until. */
  readonly barFrom: string;
  readonly bar: string;
  readonly barUntil: string;
  readonly instant: string;
  /** Where something was seen to go wrong. */
  readonly here: string;
  /** Of stories, where lanes run downward: a member that is up, that leads; a step of it, an action on it. */
  readonly lane: string;
  readonly laneLeads: string;
  readonly step: string;
  readonly fault: string;
  readonly pause: string;
  /** A client asks it, and hears from it. */
  readonly asked: string;
  readonly answered: string;
  /** Of messages: where they leave to the right and to the left, go along, arrive, and are lost. */
  readonly sendRight: string;
  readonly sendLeft: string;
  readonly dashAcross: string;
  readonly headRight: string;
  readonly headLeft: string;
  readonly lostDash: string;
  readonly lost: string;
}

/** For terminals that show Unicode. */
export const UNICODE_SIGNS: Signs = Object.freeze({
  held: "✓",
  violated: "✗",
  undecided: "?",
  point: "·",
  dash: "–",
  more: "…",
  beside: "∥",
  next: "→",
  range: "–",
  follows: "─",
  leads: "█",
  down: " ",
  crash: "✝",
  restart: "○",
  barFrom: "├",
  bar: "─",
  barUntil: "┤",
  instant: "│",
  here: "▲",
  lane: "│",
  laneLeads: "┃",
  step: "•",
  fault: "!",
  pause: "‖",
  asked: "◇",
  answered: "◆",
  sendRight: "├",
  sendLeft: "┤",
  dashAcross: "─",
  headRight: "▶",
  headLeft: "◀",
  lostDash: "╌",
  lost: "×",
});

/** For the others. */
export const ASCII_SIGNS: Signs = Object.freeze({
  held: "ok",
  violated: "XX",
  undecided: "??",
  point: "|",
  dash: "-",
  more: "~",
  beside: "||",
  next: "->",
  range: "-",
  follows: "-",
  leads: "#",
  down: " ",
  crash: "x",
  restart: "o",
  barFrom: "|",
  bar: "=",
  barUntil: "|",
  instant: "|",
  here: "^",
  lane: "|",
  laneLeads: "#",
  step: ".",
  fault: "!",
  pause: "=",
  asked: "?",
  answered: "*",
  sendRight: "|",
  sendLeft: "|",
  dashAcross: "-",
  headRight: ">",
  headLeft: "<",
  lostDash: ".",
  lost: "x",
});

/** How a report is laid out: the signs and the columns there are. */
export interface Layout {
  readonly signs: Signs;
  /** 40 or more. */
  readonly width: number;
}
