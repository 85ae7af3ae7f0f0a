// Files that are being uploaded: one row each, three at a time, retried when the connection is lost.
import { errorText, hasStatus, upload } from '../api.js';
import { button, find, h, icon, setAttr, setText } from '../dom.js';
import { fileSize, percent, plural } from '../format.js';
import { setState, stateLabel } from './states.js';

/** @import { NewBatchParts } from '../../types.d.ts' */

const AT_ONCE = 3;
const RETRY_AFTER = [2, 4, 8, 15, 30]; // seconds
/** @type {Record<string, string>} */
const LABELS = {
  pending: 'Queued',
  processing: 'Uploading',
  paused: 'Paused',
  retrying: 'Retrying',
  completed: 'Uploaded',
  failed: 'Not uploaded',
};

/**
 * All files of a drop, also those in dropped folders.
 * @param {DataTransfer} transfer
 */
export async function filesOf(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.());
  if (!entries.some(Boolean)) return [...transfer.files];
  /** @type {File[]} */
  const found = [];
  /** @param {FileSystemEntry | null} entry */
  const walk = async (entry) => {
    if (isFileEntry(entry)) found.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
    if (!isFolderEntry(entry)) return;
    const reader = entry.createReader();
    // A reader hands out a folder in portions and says it is done with an empty one.
    for (;;) {
      /** @type {FileSystemEntry[]} */
      const portion = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (!portion.length) return;
      for (const child of portion) await walk(child);
    }
  };
  for (const entry of entries) await walk(entry);
  return found.filter(({ name }) => !name.startsWith('.'));
}

/** @param {FileSystemEntry | null} entry @returns {entry is FileSystemFileEntry} */
const isFileEntry = (entry) => entry?.isFile ?? false;
/** @param {FileSystemEntry | null} entry @returns {entry is FileSystemDirectoryEntry} */
const isFolderEntry = (entry) => entry?.isDirectory ?? false;

/**
 * `changed` is called whenever a file is added, removed, uploaded or refused.
 * @param {NewBatchParts} parts
 * @param {() => void} changed
 */
export function uploadList(parts, changed) {
  /**
   * @typedef {object} Upload
   * @property {File} file
   * @property {string} state
   * @property {number} share from 0 to 1
   * @property {string} note
   * @property {string | null} id of the stored file
   * @property {number} failures
   * @property {AbortController} [abort]
   * @property {number} [timer]
   * @property {ReturnType<typeof rowOf>} row
   */

  /** @type {Upload[]} */
  const uploads = [];
  const began = { at: 0, sent: 0 };
  let paused = false;

  /** @param {Upload} entry @returns {{ node: HTMLElement, patch: () => void, again: HTMLButtonElement }} */
  function rowOf(entry) {
    const state = stateLabel('pending', LABELS.pending);
    const note = h('span.num.dim');
    const problem = h('p.error');
    const meter = h('progress', { max: 1, value: 0, 'aria-label': `Upload of ${entry.file.name}` });
    const again = button('Try again', null, () => enqueue(entry), { class: 'btn quiet small', hidden: true });
    const removeButton = h(
      'button.btn.quiet.small.square',
      { 'aria-label': `Remove ${entry.file.name}`, onclick: () => drop(entry) },
      icon('close'),
    );
    const node = h(
      'li',
      h('div.cut', { title: entry.file.name }, entry.file.name),
      h('span.num.dim', fileSize(entry.file.size)),
      state,
      note,
      again,
      removeButton,
      problem,
      meter,
    );
    const patch = () => {
      setState(state, entry.state, LABELS[entry.state]);
      setAttr(meter, 'data-state', entry.state);
      meter.value = entry.share;
      const failed = entry.state === 'failed';
      setText(
        note,
        failed || ['pending', 'paused'].includes(entry.state) ? '' : entry.note || `${percent(entry.share, 1)}%`,
      );
      setText(problem, failed ? entry.note : '');
      again.hidden = !failed;
    };
    return { node, patch, again };
  }

  /** @param {Upload} entry @param {Partial<Upload>} changes */
  function set(entry, changes) {
    Object.assign(entry, changes);
    entry.row.patch();
    drawTotal();
    changed();
  }

  /** @param {Upload} entry */
  function enqueue(entry) {
    set(entry, { state: 'pending', note: '', share: 0 });
    startNext();
  }

  function startNext() {
    if (paused) return;
    const busy = uploads.filter(({ state }) => state === 'processing').length;
    const next = uploads.filter(({ state }) => state === 'pending').slice(0, AT_ONCE - busy);
    next.forEach(send);
  }

  /** @param {Upload} entry */
  async function send(entry) {
    if (!began.at) began.at = Date.now();
    const abort = new AbortController();
    entry.abort = abort;
    set(entry, { state: 'processing', note: '', share: 0 });
    try {
      /** @param {number} share */
      const onProgress = (share) => {
        entry.share = share;
        entry.row.patch();
        drawTotal();
      };
      const stored = await upload(entry.file, { signal: abort.signal, onProgress });
      set(entry, { state: 'completed', share: 1, id: stored.id });
    } catch (error) {
      if (abort.signal.aborted) return;
      // Only a lost connection or a busy service passes by itself; a refusal stays one.
      const passing = hasStatus(error, 0, 503, 429);
      const wait = RETRY_AFTER[entry.failures];
      if (passing && wait) {
        entry.failures += 1;
        set(entry, { state: 'retrying', share: 0, note: hasStatus(error, 0) ? 'connection lost' : 'service busy' });
        entry.timer = setTimeout(() => enqueue(entry), wait * 1000);
      } else {
        entry.failures = 0;
        set(entry, { state: 'failed', share: 0, note: errorText(error) });
      }
    }
    startNext();
  }

  // A file that was on its way starts anew: the service keeps nothing of a body that has not come to its end.
  /** @param {boolean} on */
  function setPaused(on) {
    paused = on;
    for (const entry of uploads) {
      const { state } = entry;
      if (on && ['pending', 'processing', 'retrying'].includes(state)) {
        entry.abort?.abort();
        clearTimeout(entry.timer);
        set(entry, { state: 'paused', note: '', share: 0 });
      } else if (!on && state === 'paused') {
        set(entry, { state: 'pending', note: '' });
      }
    }
    startNext();
    drawTotal();
  }

  /** @param {Upload} entry */
  function drop(entry) {
    entry.abort?.abort();
    clearTimeout(entry.timer);
    const at = uploads.indexOf(entry);
    uploads.splice(at, 1);
    entry.row.node.remove();
    const next = uploads[Math.min(at, uploads.length - 1)];
    if (next) find('button[aria-label]', next.row.node).focus();
    drawTotal();
    changed();
    startNext();
  }

  function drawTotal() {
    const all = uploads.reduce((sum, { file }) => sum + file.size, 0);
    const sent = uploads.reduce((sum, { file, share }) => sum + file.size * share, 0);
    const open = uploads.filter(({ state }) => !['completed', 'failed'].includes(state)).length;
    parts.uploads.hidden = !uploads.length;
    setText(parts.total, `${plural(uploads.length, 'file')}, ${fileSize(all)}`);
    const seconds = (Date.now() - began.at) / 1000;
    const speed = seconds > 1 && sent ? `, ${fileSize(Math.round(sent / seconds))}/s` : '';
    const moving = paused ? 'paused' : `${fileSize(Math.round(sent))} sent${speed}`;
    setText(parts.speed, open ? moving : 'all uploaded');
    setText(parts.hold, paused ? 'Resume uploads' : 'Pause uploads');
    parts.hold.hidden = !open;
    if (!open) paused = false;
    if (!open || paused) began.at = 0;
  }

  parts.hold.addEventListener('click', () => setPaused(!paused));

  return {
    /** @param {File[]} files */
    add(files) {
      for (const file of files) {
        const state = paused ? 'paused' : 'pending';
        const entry = /** @type {Upload} */ ({ file, state, share: 0, note: '', id: null, failures: 0 });
        entry.row = rowOf(entry);
        entry.row.patch();
        uploads.push(entry);
      }
      parts.list.append(...uploads.slice(-files.length).map(({ row }) => row.node));
      drawTotal();
      changed();
      startNext();
    },
    get count() {
      return uploads.length;
    },
    get bytes() {
      return uploads.reduce((sum, { file }) => sum + file.size, 0);
    },
    get open() {
      return uploads.filter(({ state }) => !['completed', 'failed'].includes(state)).length;
    },
    get refused() {
      return uploads.filter(({ state }) => state === 'failed');
    },
    items: () => uploads.filter(({ id }) => id).map(({ id }) => ({ file_id: id })),
    leave() {
      for (const entry of uploads.splice(0)) {
        clearTimeout(entry.timer);
        entry.abort?.abort();
      }
    },
  };
}
