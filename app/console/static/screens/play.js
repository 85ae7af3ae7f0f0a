// One play: what it does, running it for leads, which data a lead already has, and who changed the data it needs.
import { errorText, get, post, remove } from '../api.js';
import { button, find, h, icon, setAttr, setText } from '../dom.js';
import { dateTime, plural, timeAgo } from '../format.js';
import { readTable } from '../parts/delimited.js';
import { actionButton, confirmAction, setLabel, toast } from '../parts/overlays.js';
import { errorNote, formPage, loader, page, viewOrEdit } from '../parts/page.js';
import { playForm } from '../parts/play-form.js';
import { stateLabel } from '../parts/states.js';
import { go, hrefOf } from '../router.js';
import { setBreadcrumbs, setTitle } from '../shell.js';

/** @import { BatchCreated, Change, DataBatchType, Page, Play, PlayStep, Readiness, Requirement } from '../../api.d.ts' */
/** @import { Label, Screen } from '../../types.d.ts' */

/** @type {[string, string]} */
const LIST = ['Plays', '#/plays'];

/**
 * Leads as people paste them: one per line, or a table with a header.
 * @param {string} content
 * @returns {{ leads: (string | Record<string, string>)[], problem: string }}
 */
function readLeads(content) {
  const lines = content
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  if (!/[,;\t]/.test(lines[0] ?? '')) return { leads: lines, problem: '' };
  const { records, problem } = readTable(content);
  return { leads: records, problem };
}

/** @param {Play} play */
function readinessForm(play) {
  const lead = h('input.input', { id: 'lead', autocomplete: 'off', spellcheck: 'false' });
  const answer = h('div', { role: 'status' });
  const form = h(
    'form.inline',
    { novalidate: true },
    h('div.field', h('label', { for: 'lead' }, 'Is the data for a lead available?'), lead),
    h('button.btn', { type: 'submit' }, 'Check'),
  );
  /** @param {Requirement} requirement @returns {Label} */
  const stateOf = ({ present, fresh }) =>
    fresh ? ['completed', 'Fresh'] : present ? ['partial', 'Outdated'] : ['pending', 'Missing'];
  form.addEventListener('submit', async () => {
    const wanted = lead.value.trim();
    if (!wanted) return lead.focus();
    try {
      /** @type {Readiness} */
      const { ready, required } = await get(`/api/plays/${play.id}/readiness`, { lead: wanted });
      const about = ready ? 'All data is available.' : 'A run fetches what is missing or outdated.';
      answer.replaceChildren(
        h('p', required.length ? about : 'This play needs no data.'),
        h(
          'ul.filelist',
          required.map((one) =>
            h(
              'li.ready',
              stateLabel(...stateOf(one)),
              h('span', one.name),
              h('span.dim', one.fetched_at ? `fetched ${timeAgo(one.fetched_at)}` : ''),
            ),
          ),
        ),
      );
    } catch (error) {
      answer.replaceChildren(errorNote(errorText(error)));
    }
    return undefined;
  });
  return h('section.stack', form, answer);
}

/** @param {Play} play */
function runForm(play) {
  const leads = h('textarea.input.mono', {
    id: 'leads',
    rows: 5,
    spellcheck: 'false',
    'aria-describedby': 'leads-help',
  });
  const trial = h('input', { type: 'checkbox', id: 'trial' });
  const fault = h('p.error', { role: 'alert' });
  const run = actionButton('Run', 'play', start, { class: 'btn primary', 'data-needs': 'submit' });

  async function start() {
    const { leads: list, problem: wrong } = readLeads(leads.value);
    setText(fault, wrong || (list.length ? '' : 'Enter at least one lead.'));
    setAttr(leads, 'aria-invalid', fault.textContent ? 'true' : null);
    if (fault.textContent) return leads.focus();
    try {
      const body = { leads: list, ...(trial.checked ? { first_n: 1 } : {}) };
      /** @type {BatchCreated} */
      const made = await post(`/api/plays/${play.id}/runs`, body);
      go(`#/batches/${made.batch_id}`);
    } catch (error) {
      setText(fault, errorText(error));
    }
    return undefined;
  }

  leads.addEventListener('input', () => {
    const { leads: list } = readLeads(leads.value);
    setLabel(run, 'play', list.length ? `Run for ${plural(list.length, 'lead')}` : 'Run');
  });
  return h(
    'section.stack',
    h(
      'div.field',
      h('label', { for: 'leads' }, 'Run it for'),
      leads,
      h(
        'small',
        { id: 'leads-help' },
        'One lead per line (email, domain or profile link), or a table with a header row. Each becomes one job.',
      ),
    ),
    h('label.tick', trial, 'Run one lead first, then ask before running the rest'),
    fault,
    h('div.actions', run),
  );
}

/** @param {PlayStep} step */
const stepText = (step) => (typeof step === 'string' ? step : (step.title ?? step.name ?? JSON.stringify(step)));

/** @param {Play} play */
function whatItDoes(play) {
  const variables = Object.entries(play.variables);
  return h(
    'section.stack',
    h('h2', 'Steps'),
    play.play_steps.length
      ? h(
          'ol.numbered',
          play.play_steps.map((step) => h('li', stepText(step))),
        )
      : h('p.dim', 'No steps: a run only collects the data.'),
    variables.length
      ? h(
          'dl.facts-list',
          variables.flatMap(([name, value]) => [
            h('dt', name),
            h('dd', typeof value === 'string' ? value : JSON.stringify(value)),
          ]),
        )
      : null,
  );
}

/** @param {Change[]} changes @param {DataBatchType[]} kinds */
function changesOf(changes, kinds) {
  /** @param {number[]} numbers */
  const names = (numbers) =>
    numbers.map((number) => kinds.find((kind) => kind.number === number)?.title).join(', ') || 'nothing';
  return h(
    'section.stack',
    h('h2', 'Changes to the data it needs'),
    changes.length
      ? h(
          'ul.changes',
          changes.map(({ actor, before, after, created_at: at }) =>
            h(
              'li',
              h('time.dim', { datetime: at, title: dateTime(at) }, timeAgo(at)),
              h('span', h('b', actor), `: ${names(before)}`, h('span.dim', ' changed to '), names(after)),
            ),
          ),
        )
      : h('p.dim', 'No changes yet.'),
  );
}

/** @param {string} id @param {boolean} edits */
function openPlay(id, edits) {
  const path = `/api/plays/${encodeURIComponent(id)}`;
  const { root, body } = page('Play');
  setBreadcrumbs(LIST, ['…']);

  /** @param {string} title @param {...[string, string?]} parts */
  function name(title, ...parts) {
    setBreadcrumbs(LIST, ...parts);
    setTitle(title);
    setText(find('h1', root), title);
  }

  /** @param {Play} play */
  async function drop(play) {
    const lost = 'This also deletes its steps and requirements. The batches it created stay.';
    if (!(await confirmAction(`Delete “${play.name}”?`, lost, 'Delete play'))) return;
    try {
      await remove(path);
      toast(`${play.name} deleted`);
      go('#/plays');
    } catch (error) {
      toast(errorText(error));
    }
  }

  /** @param {Play} play @param {Change[]} changes @param {DataBatchType[]} kinds */
  function show(play, changes, kinds) {
    const needs = kinds.filter(({ number }) => play.required_batches.includes(number));
    name(play.name, [play.name]);
    find('.page-head', root).append(
      h('a.btn', { href: hrefOf(`plays/${play.id}`, { edit: 'yes' }), 'data-needs': 'manage' }, icon('edit'), 'Edit'),
      button('Delete…', 'trash', () => drop(play), { class: 'btn danger', 'data-needs': 'manage' }),
    );
    body.replaceChildren(
      h(
        'div.facts',
        h('span', 'number ', h('b', String(play.id))),
        h('span', 'output ', h('b', play.output_type)),
        h('span', 'needs ', h('b', needs.map(({ title }) => title).join(', ') || 'no data')),
      ),
      play.description ? h('p.intro', play.description) : '',
      h('div.columns', runForm(play), readinessForm(play), whatItDoes(play), changesOf(changes, kinds)),
    );
  }

  /** @param {Play} play */
  function edit(play) {
    name(`Edit “${play.name}”`, [play.name, `#/plays/${play.id}`], ['Edit']);
    body.replaceChildren(playForm(play));
  }

  async function load() {
    /** @type {Play} */
    const play = await get(path);
    if (edits) return () => edit(play);
    const [{ changes }, kinds] = await Promise.all([
      /** @type {Promise<Page<'changes', Change>>} */ (get(`${path}/changes`)),
      /** @type {Promise<DataBatchType[]>} */ (get('/api/data-batch-types')),
    ]);
    return () => show(play, changes, kinds);
  }

  return loader({
    load,
    draw: (draw) => draw(),
    failed: (error) => body.replaceChildren(errorNote(errorText(error))),
  });
}

/** @param {URLSearchParams} params @param {string} [id] @returns {Screen} */
export function playScreen(params, id = '') {
  return id === 'new' ? formPage('New play', LIST, playForm()) : viewOrEdit(params, (edits) => openPlay(id, edits));
}
