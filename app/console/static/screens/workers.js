// The processes that run jobs, when each was last seen, and how full the disk is.
import { errorText, get } from '../api.js';
import { h, icon, setText } from '../dom.js';
import { dateTime, duration, fileSize, percent, plural, timeAgo, timeOfDay } from '../format.js';
import { byId, dataTable } from '../parts/data-table.js';
import { emptyState, errorNote, loader, page } from '../parts/page.js';
import { stateLabel } from '../parts/states.js';

/** @import { Status, Storage, WorkerState, Wrong } from '../../api.d.ts' */
/** @import { Column } from '../parts/data-table.js' */

/** @typedef {WorkerState & { age: number }} Shown with the age of its last heartbeat in ms */

const EVERY = 5000;

/** @param {string} label @param {number} value @param {number} max */
const meter = (label, value, max) => h('progress', { max: Math.max(1, max), value, 'aria-label': label });

/** @type {Column<Shown>[]} */
const COLUMNS = [
  {
    label: 'State',
    cell: ({ silent }) => (silent ? stateLabel('failed', 'Silent') : stateLabel('completed', 'Alive')),
  },
  {
    label: 'Machine',
    // Containers may share a host name, and each has a process 1: their namespaces tell them apart.
    cell: ({ host, pid, namespaces }) => [
      h('span.name', host),
      h('span.dim', namespaces ? { title: namespaces } : {}, ` process ${pid}`),
    ],
  },
  {
    label: 'Slots in use',
    kind: 'metered',
    cell: ({ running, slots, host }) => [
      h('span.num', `${running} of ${slots}`),
      meter(`Slots in use on ${host}`, running, slots),
    ],
  },
  { label: 'Heartbeat', cell: heartbeat },
  {
    label: 'Started',
    kind: 'dim',
    cell: ({ started_at: at }) => h('time', { datetime: at, title: dateTime(at) }, timeAgo(at)),
  },
];

// A heartbeat comes every two seconds; its age is worth a number only when some are missing.
/** @param {Shown} worker */
function heartbeat({ silent, seen_at: at, age }) {
  if (!silent) return h('span.dim', { title: dateTime(at) }, 'every 2 s');
  return h('span.bad', { title: dateTime(at) }, `none for ${duration(age)}, since ${timeOfDay(at)}`);
}

/** @param {Storage} storage */
function storageFacts(storage) {
  const used = storage.disk_total - storage.disk_free;
  const saved = storage.size - storage.contents_size;
  const facts = [
    ['Files', `${storage.files.toLocaleString('en')}, ${fileSize(storage.size)}`],
    ['Stored', `${plural(storage.contents, 'distinct file')}, ${fileSize(storage.contents_size)}`],
    ['Saved by deduplication', fileSize(saved)],
    [
      storage.local ? 'Disk with files' : 'Disk for unfinished uploads',
      `${fileSize(storage.disk_free)} free of ${fileSize(storage.disk_total)} (${percent(storage.disk_free, storage.disk_total)}%)`,
    ],
  ];
  return [
    h(
      'dl.facts-list',
      facts.flatMap(([name, value]) => [h('dt', name), h('dd', value)]),
    ),
    meter('Disk used', used, storage.disk_total),
  ];
}

/** @param {Wrong} trouble */
const troubleNote = ({ sentence, detail, since }) =>
  h(
    'p.note',
    { 'data-state': 'failed' },
    icon('failed'),
    h('span', `${sentence} `, detail ? `(${detail}) ` : '', `Since ${dateTime(since)}.`),
  );

export function workersScreen() {
  const { body } = page('Workers', {
    intro: 'Every process with free slots runs jobs. Start more with “tranche worker”, on this machine or on others.',
  });
  const table = dataTable({ caption: 'Workers', keyOf: byId, columns: COLUMNS });
  const count = h('span.count');
  const disk = h('div.stack');
  const nobody = emptyState('No workers', 'No jobs run until one is started:', h('code.code', 'tranche worker'));
  const trouble = h('div');

  body.append(
    trouble,
    h('section.stack', h('div.toolbar', h('h2', 'Processes'), count), table.node, nobody),
    h('section.panel.storage', h('header', h('h2', 'Storage')), disk),
  );
  nobody.hidden = true;

  return loader({
    every: EVERY,
    load: () =>
      Promise.all([
        /** @type {Promise<{ workers: WorkerState[], now: string }>} */ (get('/api/workers')),
        /** @type {Promise<Storage>} */ (get('/api/storage')),
        /** @type {Promise<Status>} */ (get('/api/status')),
      ]),
    draw([{ workers, now }, storage, { wrong }]) {
      trouble.replaceChildren(...wrong.map(troubleNote));
      const aged = workers.map((one) => ({ ...one, age: one.silent ? Date.parse(now) - Date.parse(one.seen_at) : 0 }));
      table.draw(aged.map(({ seen_at: at, ...one }) => ({ ...one, seen_at: one.silent ? at : one.started_at })));
      table.node.hidden = !workers.length;
      nobody.hidden = workers.length > 0;
      const slots = workers.reduce((sum, one) => sum + one.slots, 0);
      setText(count, `${workers.length}, ${plural(slots, 'slot')}`);
      disk.replaceChildren(...storageFacts(storage));
    },
    failed: (error) => trouble.replaceChildren(errorNote(errorText(error))),
  });
}
