// Types of the console's own parts. What the API answers is in api.d.ts.
import type { Job, JobDetail, StepDetail } from './api.d.ts';

type TagOf<Selector extends string> = Selector extends `${infer Tag}.${string}` ? Tag : Selector;

/** The element that `h('td.num')` makes: named by its tag, whatever its classes. */
export type ElementOf<Selector extends string> =
  TagOf<Selector> extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[TagOf<Selector>] : HTMLElement;

/** What an element holds; empty values are left out, so that `condition && node` can stand among them. */
export type Child = Node | string | number | boolean | null | undefined | readonly Child[];

type Listener = { listen(event: Event): unknown }['listen'];

/** Attributes of an element; `null`, `undefined` and `false` leave one out, and `onclick` and the like add a listener. */
export type Attributes = Record<string, string | number | boolean | Listener | null | undefined>;

export type Act = () => unknown;

/** A state as it is shown: what decides its colour and icon, and its word. */
export type Label = [state: string, word: string];

/** One choice of a `select`: its value and its label. */
export type Choice = readonly [value: string, label: string];

/** What the router keeps of the screen that is shown. */
export interface Screen {
  /** Takes a changed query without being drawn again from the start. */
  update?(query: URLSearchParams): unknown;
  leave?(): void;
  /** The screen calls `focusHeading` itself, once it has something to show. */
  deferred?: boolean;
}

export type ScreenFactory = (params: URLSearchParams, id?: string) => Screen;

export interface MenuEntry {
  label: string;
  glyph: string;
  act?: Act;
  /** A download; instead of `act`. */
  href?: string;
  danger?: boolean;
  /** Why it cannot be chosen now; empty when it can. */
  disabledReason?: string;
}

/** An action on the selected rows of a list. */
export interface BulkAction<Item> {
  label: string;
  glyph: string;
  kind?: string;
  act(items: Item[]): unknown;
  disabledReason?(items: Item[]): string;
}

/** A segment of a progress bar; `done` is from 0 to 1. */
export interface Segment {
  state: string;
  done?: number;
}

/** Links and records that were pasted, and what is wrong with the first bad one. */
export interface PastedItems {
  items: { url?: string; record?: Record<string, unknown>; name?: string }[];
  problem: string;
  shape: string;
}

/** How the results of a pipeline are shown: what a module in `results/` or of an installed package exports. */
export interface ResultView {
  /** One short sentence for the row of the job, or null. */
  summary(result: unknown): string | null | undefined;
  /** The whole result. */
  view(result: unknown, job: JobDetail): Node;
  /** A label for the row of a job whose result somebody should look at, or null. */
  mark?(result: unknown): Label | null;
}

/** A job as the drawer shows it: its details, moved on by the events since. */
export type ShownJob = JobDetail & Job & { steps: StepDetail[] };

/** The elements of a `<template>` that are marked `data-part`. */
export interface TemplateParts {
  batches: {
    arrivals: HTMLButtonElement;
    search: HTMLInputElement;
    tabs: HTMLElement;
    filters: HTMLFormElement;
    clear: HTMLButtonElement;
    table: HTMLTableElement;
    all: HTMLInputElement;
    after: HTMLElement;
    selection: HTMLElement;
  };
  batch: BatchParts;
  new: NewBatchParts;
  'sign-in': {
    key: HTMLInputElement;
    error: HTMLElement;
    host: HTMLElement;
    provider: HTMLAnchorElement;
  };
}

export interface BatchParts {
  name: HTMLElement;
  state: HTMLElement;
  facts: HTMLElement;
  actions: HTMLElement;
  rename: HTMLElement;
  share: HTMLElement;
  headline: HTMLElement;
  percent: HTMLElement;
  time: HTMLElement;
  bar: HTMLElement;
  legend: HTMLElement;
  why: HTMLElement;
  reason: HTMLElement;
  resume: HTMLButtonElement;
  reveal: HTMLButtonElement;
  failures: HTMLElement;
  shown: HTMLElement;
  find: HTMLInputElement;
  rows: HTMLTableElement;
  after: HTMLElement;
  log: HTMLDetailsElement;
  events: HTMLElement;
  follow: HTMLInputElement;
  only: HTMLInputElement;
  json: HTMLAnchorElement;
  lines: HTMLOListElement;
}

export interface NewBatchParts {
  origin: HTMLElement;
  pipelines: HTMLFieldSetElement;
  choices: HTMLElement;
  files: HTMLElement;
  drop: HTMLLabelElement;
  picker: HTMLInputElement;
  uploads: HTMLElement;
  total: HTMLElement;
  speed: HTMLElement;
  hold: HTMLButtonElement;
  list: HTMLUListElement;
  links: HTMLElement;
  records: HTMLElement;
  params: HTMLElement;
  options: HTMLDetailsElement;
  extras: HTMLFieldSetElement;
  name: HTMLInputElement;
  customer: HTMLInputElement;
  mode: HTMLSelectElement;
  max: HTMLInputElement;
  trial: HTMLInputElement;
  mail: HTMLInputElement;
  policy: HTMLSelectElement;
  threshold: HTMLInputElement;
  facts: HTMLElement;
  hint: HTMLElement;
  problem: HTMLElement;
  start: HTMLButtonElement;
  draft: HTMLButtonElement;
  wait: HTMLButtonElement;
}
