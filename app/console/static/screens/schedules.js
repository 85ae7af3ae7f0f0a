// Templates that run at certain times: when in words, the next times, and what became of each.
import { get, getAll, patch, post, remove } from '../api.js';
import { button, debounce, h, icon } from '../dom.js';
import { capitalize, dateTime } from '../format.js';
import { dataTable } from '../parts/data-table.js';
import { detailHeader, masterDetailScreen } from '../parts/master-detail.js';
import { actionButton, confirmAction, toast } from '../parts/overlays.js';
import { emptyState } from '../parts/page.js';
import { errorText, field, fillSelect, plainForm } from '../parts/plain-form.js';
import { stateLabel, toneOf } from '../parts/states.js';
import { go } from '../router.js';

const PAGE = 50;
const OVERLAPS = [
  ['skip', 'leave this one out'],
  ['queue', 'wait for it'],
  ['allow', 'run both'],
];
const TONES = { started: 'completed', waiting: 'pending' };

/** A moment on the clock of the schedule's own zone. */
const inZone = (iso, zone) =>
  new Date(iso).toLocaleString('en-GB', {
    timeZone: zone,
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
  });

const times = (list, zone) =>
  h(
    'ol.times',
    list.map((iso) => h('li', h('time', { datetime: iso, title: dateTime(iso) }, inZone(iso, zone)))),
  );

async function attempt(act, done) {
  try {
    done(await act());
  } catch (error) {
    toast(errorText(error));
  }
}

// ---- one schedule

function runsOf(schedule) {
  const table = dataTable({
    caption: 'Times it was due, newest first',
    keyOf: ({ fire_at: at }) => at,
    columns: [
      {
        label: 'Due',
        cell: ({ fire_at: at }) => h('time', { datetime: at, title: dateTime(at) }, inZone(at, schedule.time_zone)),
      },
      { label: 'Outcome', cell: ({ status }) => stateLabel(TONES[status] ?? toneOf(status), capitalize(status)) },
      { label: 'Why', kind: 'dim', cell: ({ reason }) => reason ?? '' },
      { label: 'Batch', cell: ({ batch_id: id }) => id && h('a', { href: `#/batches/${id}` }, 'open') },
    ],
  });
  const nothing = h('p.dim', 'It has not been due yet.');
  const more = actionButton('Show more', null, load);
  let found = [];
  let cursor = null;

  async function load() {
    const answer = await get(`/api/schedules/${schedule.id}/runs`, { limit: PAGE, cursor }).catch(() => null);
    if (!answer) return;
    found = [...found, ...answer.runs];
    cursor = answer.next_cursor;
    table.draw(found);
    table.node.hidden = !found.length;
    nothing.hidden = found.length > 0;
    more.hidden = !cursor;
  }

  table.node.hidden = nothing.hidden = more.hidden = true;
  load();
  return [h('h3', 'Runs'), table.node, nothing, h('div.after', more)];
}

function detail(schedule, { again, edit }) {
  const path = `/api/schedules/${schedule.id}`;
  const paused = Boolean(schedule.paused_at);
  const actions = [
    actionButton('Run now', 'play', () =>
      attempt(
        () => post(`${path}/run`),
        (made) => go(`#/batches/${made.batch_id}`),
      ),
    ),
    actionButton(
      paused ? 'Resume' : 'Pause',
      paused ? 'play' : 'pause',
      () => attempt(() => post(`${path}/${paused ? 'resume' : 'pause'}`), again),
      { class: `btn ${paused ? 'primary' : ''}` },
    ),
    edit,
    button(
      'Delete…',
      'trash',
      async () => {
        if (
          !(await confirmAction(
            `Delete “${schedule.name}”?`,
            'It fires no more. The batches it made stay.',
            'Delete schedule',
          ))
        )
          return;
        attempt(
          () => remove(path),
          () => {
            toast(`${schedule.name} deleted`);
            go('#/schedules');
            again();
          },
        );
      },
      { class: 'btn danger' },
    ),
  ];
  const facts = [
    paused ? stateLabel('paused', 'Paused') : stateLabel('completed', 'Active'),
    h('span', 'Runs ', h('a', { href: `#/templates/${schedule.template_id}` }, schedule.template_name)),
    h(
      'span',
      'When the run before still works: ',
      h('b', OVERLAPS.find(([key]) => key === schedule.overlap)?.[1] ?? schedule.overlap),
    ),
    h('span', 'Zone ', h('b', schedule.time_zone)),
    h('code', schedule.cron),
  ];
  return {
    nodes: [
      detailHeader(`${schedule.name}: ${schedule.words}`, facts, actions),
      paused
        ? h(
            'p.note',
            { 'data-state': 'paused' },
            icon('paused'),
            h('span', `Paused since ${dateTime(schedule.paused_at)}. It fires no more until it is resumed.`),
          )
        : h('div.stack.tight', h('h3', 'Next'), times(schedule.next_runs, schedule.time_zone)),
      ...runsOf(schedule),
    ],
  };
}

// ---- a new one, or changing one

function form({ params, saved, cancel }, schedule) {
  const name = h('input.input', { maxlength: 200, autocomplete: 'off', value: schedule?.name });
  const template = h('select.input');
  const when = h('input.input', {
    value: schedule?.cron ?? 'every Monday 9:00',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  const zones = h(
    'datalist',
    { id: 'zones' },
    Intl.supportedValuesOf('timeZone').map((one) => h('option', { value: one })),
  );
  const zone = h('input.input', {
    list: 'zones',
    autocomplete: 'off',
    value: schedule?.time_zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
  });
  const overlap = fillSelect(h('select.input'), OVERLAPS, schedule && [schedule.overlap, schedule.overlap]);
  const meaning = h('div.note', { role: 'status' }, icon('clock'), h('div.stack.tight'));

  async function preview() {
    const say = (...nodes) => meaning.lastChild.replaceChildren(...nodes);
    try {
      const answer = await get('/api/schedules/preview', { cron: when.value.trim(), time_zone: zone.value.trim() });
      say(h('p', h('b', answer.words)), times(answer.next_runs, answer.time_zone));
    } catch (error) {
      say(h('p.error', errorText(error)));
    }
  }

  const chosen = schedule && [schedule.template_id, schedule.template_name];
  if (chosen) fillSelect(template, [], chosen);
  getAll('/api/templates', 'templates').then(
    (templates) => {
      fillSelect(
        template,
        templates.map(({ id, name: label }) => [id, label]),
        chosen,
      );
      if (params.get('template')) template.value = params.get('template');
    },
    () => {},
  );
  const soon = debounce(preview, 250);
  when.addEventListener('input', soon);
  zone.addEventListener('input', soon);
  preview();
  return plainForm(
    [
      field('schedule-template_id', 'Template', template),
      field(
        'schedule-cron',
        'When',
        when,
        'Words such as “every weekday 9:00”, or five cron fields such as 0 9 * * 1-5.',
      ),
      field('schedule-time_zone', 'Time zone', zone),
      zones,
      meaning,
      field('schedule-overlap', 'When the run before still works', overlap),
      field('schedule-name', 'Name', name, 'Empty: the template’s.'),
    ],
    schedule ? 'Save schedule' : 'Add schedule',
    async () => {
      const body = {
        name: name.value.trim() || template.selectedOptions[0]?.textContent || null,
        template_id: template.value,
        cron: when.value.trim(),
        time_zone: zone.value.trim(),
        overlap: overlap.value,
      };
      saved(await (schedule ? patch(`/api/schedules/${schedule.id}`, body) : post('/api/schedules', body)));
    },
    { cancel },
  );
}

export const schedulesScreen = masterDetailScreen({
  title: 'Schedules',
  path: 'schedules',
  create: 'New schedule',
  look: (one) => [one.name, one.paused_at ? 'paused' : null, one.paused_at ? 'Paused' : one.words],
  form,
  detail,
  none: () =>
    emptyState(
      'No schedules yet',
      'A schedule runs a template at certain times, such as every Monday at 9.',
      h('a.btn', { href: '#/schedules/new' }, icon('plus'), 'New schedule'),
    ),
});
