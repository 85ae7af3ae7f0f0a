// Templates that run at certain times: the times in words, the next runs, and the outcome of each past one.
import { errorText, get, getAll, getOrNull, patch, post, remove } from '../api.js';
import { button, debounce, h, icon } from '../dom.js';
import { capitalize, dateTime } from '../format.js';
import { dataTable } from '../parts/data-table.js';
import { detailHeader, masterDetailScreen } from '../parts/master-detail.js';
import { actionButton, confirmAction, toast } from '../parts/overlays.js';
import { emptyState } from '../parts/page.js';
import { field, fillSelect, plainForm } from '../parts/plain-form.js';
import { scheduleFacts, scheduleOptions, scheduleTrouble } from '../parts/schedule-options.js';
import { stateLabel, toneOf } from '../parts/states.js';
import { go } from '../router.js';

/** @import { BatchCreated, Page, Run, Schedule, SchedulePreview, Template } from '../../api.d.ts' */
/** @import { Choice, ScreenFactory } from '../../types.d.ts' */
/** @import { Column } from '../parts/data-table.js' */
/** @import { DetailTools, FormTools } from '../parts/master-detail.js' */

const PAGE = 50;
/** @type {Record<string, string>} */
const TONES = { started: 'completed', waiting: 'pending' };

/**
 * A moment in the time zone of the schedule.
 * @param {string} iso
 * @param {string} zone
 */
const inZone = (iso, zone) =>
  new Date(iso).toLocaleString('en-GB', {
    timeZone: zone,
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
  });

/** @param {string[]} list @param {string} zone */
const times = (list, zone) =>
  h(
    'ol.times',
    list.map((iso) => h('li', h('time', { datetime: iso, title: dateTime(iso) }, inZone(iso, zone)))),
  );

/** @template Answer @param {() => Promise<Answer>} act @param {(answer: Answer) => void} done */
async function attempt(act, done) {
  try {
    done(await act());
  } catch (error) {
    toast(errorText(error));
  }
}

// ---- one schedule

/** @param {Schedule} schedule */
function runsOf(schedule) {
  const table = dataTable({
    caption: 'Past runs, newest first',
    keyOf: ({ fire_at: at }) => at,
    /** @type {Column<Run>[]} */
    columns: [
      {
        label: 'Due',
        cell: ({ fire_at: at }) => h('time', { datetime: at, title: dateTime(at) }, inZone(at, schedule.time_zone)),
      },
      { label: 'Outcome', cell: ({ status }) => stateLabel(TONES[status] ?? toneOf(status), capitalize(status)) },
      { label: 'Reason', kind: 'dim', cell: ({ reason }) => reason ?? '' },
      { label: 'Batch', cell: ({ batch_id: id }) => id && h('a', { href: `#/batches/${id}` }, 'open') },
    ],
  });
  const nothing = h('p.dim', 'No runs yet.');
  const more = actionButton('Show more', null, load);
  /** @type {Run[]} */
  let found = [];
  /** @type {string | null} */
  let cursor = null;

  async function load() {
    /** @type {Page<'runs', Run> | null} */
    const answer = await getOrNull(`/api/schedules/${schedule.id}/runs`, { limit: PAGE, cursor });
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

/** @param {Schedule} schedule @param {DetailTools} tools */
function detail(schedule, { again, edit }) {
  const path = `/api/schedules/${schedule.id}`;
  const paused = Boolean(schedule.paused_at);
  const ended = !paused && !schedule.next_runs.length;
  /** @param {string} iso */
  const shown = (iso) => inZone(iso, schedule.time_zone);
  const actions = [
    actionButton(
      'Run now',
      'play',
      () =>
        attempt(
          () => /** @type {Promise<BatchCreated>} */ (post(`${path}/run`)),
          (made) => go(`#/batches/${made.batch_id}`),
        ),
      { 'data-needs': 'submit' },
    ),
    actionButton(
      paused ? 'Resume' : 'Pause',
      paused ? 'play' : 'pause',
      () => attempt(() => post(`${path}/${paused ? 'resume' : 'pause'}`), again),
      { class: `btn ${paused ? 'primary' : ''}`, 'data-needs': 'manage' },
    ),
    edit,
    button(
      'Delete…',
      'trash',
      async () => {
        if (
          !(await confirmAction(
            `Delete “${schedule.name}”?`,
            'It will not run again. The batches it created stay.',
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
      { class: 'btn danger', 'data-needs': 'manage' },
    ),
  ];
  const facts = [
    paused ? stateLabel('paused', 'Paused') : stateLabel(ended ? 'cancelled' : 'completed', ended ? 'Ended' : 'Active'),
    h('span', 'Runs ', h('a', { href: `#/templates/${schedule.template_id}` }, schedule.template_name)),
    ...scheduleFacts(schedule, shown),
    h('span', 'Zone ', h('b', schedule.time_zone)),
    h('code', schedule.cron),
  ];
  return {
    nodes: [
      detailHeader(`${schedule.name}: ${schedule.words}`, facts, actions),
      scheduleTrouble(schedule, shown),
      schedule.notes.map((note) => h('p.dim', note)),
      schedule.paused_at
        ? h(
            'p.note',
            { 'data-state': 'paused' },
            icon('paused'),
            h('span', `Paused since ${dateTime(schedule.paused_at)}. It does not run until it is resumed.`),
          )
        : h(
            'div.stack.tight',
            h('h3', 'Next runs'),
            ended ? h('p.dim', 'None: it has ended.') : times(schedule.next_runs, schedule.time_zone),
            schedule.due_at ? h('p.dim', `The next one starts at ${shown(schedule.due_at)}.`) : '',
          ),
      ...runsOf(schedule),
    ],
  };
}

// ---- a new one, or changing one

/** @param {FormTools<Schedule>} tools @param {Schedule} [schedule] */
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
  const options = scheduleOptions(schedule);
  const explanation = h('div.stack.tight');
  const meaning = h('div.note', { role: 'status' }, icon('clock'), explanation);

  async function preview() {
    try {
      /** @type {SchedulePreview} */
      const answer = await get('/api/schedules/preview', {
        cron: when.value.trim(),
        time_zone: zone.value.trim(),
        ends_at: options.end.value ? new Date(options.end.value).toISOString() : null,
      });
      explanation.replaceChildren(
        h('p', h('b', answer.words)),
        ...answer.notes.map((note) => h('p', note)),
        h('p.dim', `In ${answer.time_zone}:`),
        times(answer.next_runs, answer.time_zone),
      );
    } catch (error) {
      explanation.replaceChildren(h('p.error', errorText(error)));
    }
  }

  /** @type {Choice | undefined} */
  const chosen = schedule && [schedule.template_id, schedule.template_name];
  if (chosen) fillSelect(template, [], chosen);
  async function loadTemplates() {
    /** @type {Template[]} */
    const templates = await getAll('/api/templates', 'templates');
    const choices = templates.map(({ id, name: label }) => /** @type {Choice} */ ([id, label]));
    fillSelect(template, choices, chosen);
    template.value = params.get('template') ?? template.value;
  }

  loadTemplates().catch(() => {});
  const soon = debounce(preview, 250);
  when.addEventListener('input', soon);
  zone.addEventListener('input', soon);
  options.end.addEventListener('input', soon);
  preview();
  return plainForm(
    [
      field('schedule-template_id', 'Template', template),
      field(
        'schedule-cron',
        'When',
        when,
        'In words, such as “every weekday 9:00”, or as five cron fields, such as 0 9 * * 1-5.',
      ),
      field('schedule-time_zone', 'Time zone', zone),
      zones,
      meaning,
      ...options.fields,
      field('schedule-name', 'Name', name, 'Leave empty to use the name of the template.'),
    ],
    schedule ? 'Save schedule' : 'Add schedule',
    async () => {
      const body = {
        name: name.value.trim() || template.selectedOptions[0]?.textContent || null,
        template_id: template.value,
        cron: when.value.trim(),
        time_zone: zone.value.trim(),
        ...options.read(),
      };
      saved(await (schedule ? patch(`/api/schedules/${schedule.id}`, body) : post('/api/schedules', body)));
    },
    { cancel },
  );
}

/** @type {ScreenFactory} */
export const schedulesScreen = masterDetailScreen({
  title: 'Schedules',
  path: 'schedules',
  create: 'New schedule',
  listItem: (one) => {
    if (one.paused_at) return [one.name, 'paused', 'Paused'];
    return one.failures ? [one.name, 'failed', 'Could not run'] : [one.name, null, one.words];
  },
  form,
  detail,
  none: () =>
    emptyState(
      'No schedules yet',
      'A schedule runs a template at certain times, such as every Monday at 9.',
      h('a.btn', { href: '#/schedules/new', 'data-needs': 'manage' }, icon('plus'), 'New schedule'),
    ),
});
