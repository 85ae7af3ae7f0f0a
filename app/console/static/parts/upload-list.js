// Files on their way to the service: one row each, three at a time, tried again when the line breaks.
import { upload } from '../api.js';
import { button, find, h, icon, setAttr, setText } from '../dom.js';
import { fileSize, plural } from '../format.js';
import { setState, stateLabel } from './states.js';

const AT_ONCE = 3;
const RETRY_AFTER = [2, 4, 8, 15, 30]; // seconds
const LABELS = {
  pending: 'Queued',
  processing: 'Uploading',
  paused: 'Paused',
  retrying: 'Retrying',
  completed: 'Uploaded',
  failed: 'Not uploaded',
};

/** All files of a drop, also those in dropped folders. */
export async function filesOf(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files];
  const found = [];
  const walk = async (entry) => {
    if (entry.isFile) {
      found.push(
        await new Promise((resolve, reject) => {
          entry.file(resolve, reject);
        }),
      );
      return;
    }
    const reader = entry.createReader();
    // A reader hands out a folder in portions and says it is done with an empty one.
    for (;;) {
      const portion = await new Promise((resolve, reject) => {
        reader.readEntries(resolve, reject);
      });
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
  let paused = false;

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
        failed || ['pending', 'paused'].includes(entry.state) ? '' : entry.note || `${Math.floor(entry.share * 100)}%`,
      );
      setText(problem, failed ? entry.note : '');
      again.hidden = !failed;
    };
    return { node, patch, again };
  }

  function set(entry, changes) {
    Object.assign(entry, changes);
    entry.row.patch();
    drawTotal();
    changed();
  }

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

  async function send(entry) {
    if (!began.at) began.at = Date.now();
    entry.abort = new AbortController();
    set(entry, { state: 'processing', note: '', share: 0 });
    try {
      const onProgress = (share) => {
        entry.share = share;
        entry.row.patch();
        drawTotal();
      };
      const stored = await upload(entry.file, { signal: entry.abort.signal, onProgress });
      set(entry, { state: 'completed', share: 1, id: stored.id });
    } catch (error) {
      if (entry.abort.signal.aborted) return;
      // Only a lost line or a service that is away passes by itself; a refusal stays one.
      const passing = error.status === 0 || error.status === 503 || error.status === 429;
      const wait = RETRY_AFTER[entry.failures];
      if (passing && wait) {
        entry.failures += 1;
        set(entry, { state: 'retrying', share: 0, note: error.status ? 'service busy' : 'connection lost' });
        entry.timer = setTimeout(() => enqueue(entry), wait * 1000);
      } else {
        entry.failures = 0;
        set(entry, { state: 'failed', share: 0, note: error.message });
      }
    }
    startNext();
  }

  // A file that was on its way starts anew: the service keeps nothing of a body that has not come to its end.
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
    add(files) {
      for (const file of files) {
        const entry = { file, state: paused ? 'paused' : 'pending', share: 0, note: '', id: null, failures: 0 };
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
