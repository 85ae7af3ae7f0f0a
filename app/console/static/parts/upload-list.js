// Files on their way to the service: one row each, three at a time, tried again when the line breaks.
import { upload } from '../api.js';
import { attr, button, find, h, icon, text } from '../dom.js';
import { many, size } from '../words.js';
import { setState, stateLabel } from './states.js';

const AT_ONCE = 3;
const RETRY_AFTER = [2, 4, 8, 15, 30]; // seconds
const LABELS = {
  pending: 'Queued', processing: 'Uploading', paused: 'Paused', retrying: 'Retrying', completed: 'Uploaded',
  failed: 'Not uploaded',
};

/** All files of a drop, also those in dropped folders. */
export async function filesOf(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files];
  const found = [];
  const walk = async (entry) => {
    if (entry.isFile) {
      found.push(await new Promise((resolve, reject) => { entry.file(resolve, reject); }));
      return;
    }
    const reader = entry.createReader();
    // A reader hands out a folder in portions and says it is done with an empty one.
    for (;;) {
      const portion = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
      if (!portion.length) return;
      for (const child of portion) await walk(child);
    }
  };
  for (const entry of entries) await walk(entry);
  return found.filter(({ name }) => !name.startsWith('.'));
}

/** `changed` is called whenever a file is added, removed, sent or refused. */
export function uploadList(parts, changed) {
  const uploads = [];
  const began = { at: 0, sent: 0 };
  let held = false;

  function rowOf(one) {
    const state = stateLabel('pending', LABELS.pending);
    const note = h('span.num.dim');
    const problem = h('p.error');
    const meter = h('progress', { max: 1, value: 0, 'aria-label': `Upload of ${one.file.name}` });
    const again = button('Try again', null, () => enqueue(one), { class: 'btn quiet small', hidden: true });
    const removeButton = h('button.btn.quiet.small.square',
      { 'aria-label': `Remove ${one.file.name}`, onclick: () => drop(one) }, icon('close'));
    const node = h('li', h('div.cut', { title: one.file.name }, one.file.name), h('span.num.dim', size(one.file.size)),
      state, note, again, removeButton, problem, meter);
    const patch = () => {
      setState(state, one.state, LABELS[one.state]);
      attr(meter, 'data-state', one.state);
      meter.value = one.share;
      const failed = one.state === 'failed';
      text(note, failed || ['pending', 'paused'].includes(one.state) ? '' : one.note || `${Math.floor(one.share * 100)}%`);
      text(problem, failed ? one.note : '');
      again.hidden = !failed;
    };
    return { node, patch, again };
  }

  function set(one, changes) {
    Object.assign(one, changes);
    one.row.patch();
    drawTotal();
    changed();
  }

  function enqueue(one) {
    set(one, { state: 'pending', note: '', share: 0 });
    pump();
  }

  function pump() {
    if (held) return;
    const busy = uploads.filter(({ state }) => state === 'processing').length;
    const next = uploads.filter(({ state }) => state === 'pending').slice(0, AT_ONCE - busy);
    next.forEach(send);
  }

  async function send(one) {
    if (!began.at) began.at = Date.now();
    one.abort = new AbortController();
    set(one, { state: 'processing', note: '', share: 0 });
    try {
      const onProgress = (share) => {
        one.share = share;
        one.row.patch();
        drawTotal();
      };
      const stored = await upload(one.file, { signal: one.abort.signal, onProgress });
      set(one, { state: 'completed', share: 1, id: stored.id });
    } catch (error) {
      if (one.abort.signal.aborted) return;
      // Only a lost line or a service that is away passes by itself; a refusal stays one.
      const passing = error.status === 0 || error.status === 503 || error.status === 429;
      const wait = RETRY_AFTER[one.failures];
      if (passing && wait) {
        one.failures += 1;
        set(one, { state: 'retrying', share: 0, note: error.status ? 'service busy' : 'connection lost' });
        one.timer = setTimeout(() => enqueue(one), wait * 1000);
      } else {
        one.failures = 0;
        set(one, { state: 'failed', share: 0, note: error.message });
      }
    }
    pump();
  }

  // A file that was on its way starts anew: the service keeps nothing of a body that has not come to its end.
  function hold(on) {
    held = on;
    for (const one of uploads) {
      const { state } = one;
      if (on && ['pending', 'processing', 'retrying'].includes(state)) {
        one.abort?.abort();
        clearTimeout(one.timer);
        set(one, { state: 'paused', note: '', share: 0 });
      } else if (!on && state === 'paused') {
        set(one, { state: 'pending', note: '' });
      }
    }
    pump();
    drawTotal();
  }

  function drop(one) {
    one.abort?.abort();
    clearTimeout(one.timer);
    const at = uploads.indexOf(one);
    uploads.splice(at, 1);
    one.row.node.remove();
    const next = uploads[Math.min(at, uploads.length - 1)];
    if (next) find('button[aria-label]', next.row.node).focus();
    drawTotal();
    changed();
    pump();
  }

  function drawTotal() {
    const all = uploads.reduce((sum, { file }) => sum + file.size, 0);
    const sent = uploads.reduce((sum, { file, share }) => sum + file.size * share, 0);
    const open = uploads.filter(({ state }) => !['completed', 'failed'].includes(state)).length;
    parts.uploads.hidden = !uploads.length;
    text(parts.total, `${many(uploads.length, 'file')}, ${size(all)}`);
    const seconds = (Date.now() - began.at) / 1000;
    const speed = seconds > 1 && sent ? `, ${size(Math.round(sent / seconds))}/s` : '';
    const moving = held ? 'paused' : `${size(Math.round(sent))} sent${speed}`;
    text(parts.speed, open ? moving : 'all uploaded');
    text(parts.hold, held ? 'Resume uploads' : 'Pause uploads');
    parts.hold.hidden = !open;
    if (!open) held = false;
    if (!open || held) began.at = 0;
  }

  parts.hold.addEventListener('click', () => hold(!held));

  return {
    add(files) {
      for (const file of files) {
        const one = { file, state: held ? 'paused' : 'pending', share: 0, note: '', id: null, failures: 0 };
        one.row = rowOf(one);
        one.row.patch();
        uploads.push(one);
      }
      parts.list.append(...uploads.slice(-files.length).map(({ row }) => row.node));
      drawTotal();
      changed();
      pump();
    },
    get count() { return uploads.length; },
    get bytes() { return uploads.reduce((sum, { file }) => sum + file.size, 0); },
    get open() { return uploads.filter(({ state }) => !['completed', 'failed'].includes(state)).length; },
    get refused() { return uploads.filter(({ state }) => state === 'failed'); },
    items: () => uploads.filter(({ id }) => id).map(({ id }) => ({ file_id: id })),
    leave() {
      for (const one of uploads.splice(0)) {
        clearTimeout(one.timer);
        one.abort?.abort();
      }
    },
  };
}
