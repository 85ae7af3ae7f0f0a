// One play: what it does, running it for leads, which data a lead already has, and who changed what it needs.
import { get, post, remove } from '../api.js';
import { button, find, h, icon, setAttr, setText } from '../dom.js';
import { dateTime, plural, timeAgo } from '../format.js';
import { readTable } from '../parts/delimited.js';
import { actionButton, confirmAction, toast } from '../parts/overlays.js';
import { errorNote, formPage, loader, page, viewOrEdit } from '../parts/page.js';
import { playForm } from '../parts/play-form.js';
import { stateLabel } from '../parts/states.js';
import { go, hrefOf } from '../router.js';
import { setBreadcrumbs, setTitle } from '../shell.js';

const LIST = ['Plays', '#/plays'];

/** Leads as people paste them: one on each line, or a table with a head. */
function readLeads(content) {
  const lines = content
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  if (!/[,;\t]/.test(lines[0] ?? '')) return { leads: lines, problem: '' };
  const { records, problem: wrong } = readTable(content);
  return { leads: records, problem: wrong };
}

function readinessForm(play) {
  const lead = h('input.input', { id: 'lead', autocomplete: 'off', spellcheck: 'false' });
  const answer = h('div', { role: 'status' });
  const form = h(
    'form.inline',
    { novalidate: true },
    h('div.field', h('label', { for: 'lead' }, 'Is the data of a lead there?'), lead),
    h('button.btn', { type: 'submit' }, 'Look'),
  );
  const lookOf = ({ present, fresh }) =>
    fresh ? ['completed', 'Fresh'] : present ? ['partial', 'Too old'] : ['pending', 'Missing'];
  form.addEventListener('submit', async () => {
    const wanted = lead.value.trim();
    if (!wanted) return lead.focus();
    try {
      const { ready, required } = await get(`/api/plays/${play.id}/readiness`, { lead: wanted });
      const about = ready ? 'Everything is there.' : 'A run fetches what is missing or too old.';
      answer.replaceChildren(
        h('p', required.length ? about : 'This play needs no data.'),
        h(
          'ul.filelist',
          required.map((one) =>
            h(
              'li.ready',
              stateLabel(...lookOf(one)),
              h('span', one.name),
              h('span.dim', one.fetched_at ? `fetched ${timeAgo(one.fetched_at)}` : ''),
            ),
          ),
        ),
      );
    } catch (error) {
      answer.replaceChildren(errorNote(error.message));
    }
    return undefined;
  });
  return h('section.stack', form, answer);
}

function runForm(play) {
  const leads = h('textarea.input.mono', {
    id: 'leads',
    rows: 5,
    spellcheck: 'false',
    'aria-describedby': 'leads-help',
  });
  const trial = h('input', { type: 'checkbox', id: 'trial' });
  const fault = h('p.error', { role: 'alert' });
  const run = actionButton('Run', 'play', start, { class: 'btn primary' });

  async function start() {
    const { leads: list, problem: wrong } = readLeads(leads.value);
    setText(fault, wrong || (list.length ? '' : 'Name at least one lead.'));
    setAttr(leads, 'aria-invalid', fault.textContent ? 'true' : null);
    if (fault.textContent) return leads.focus();
    try {
      const body = { leads: list, ...(trial.checked ? { first_n: 1 } : {}) };
      go(`#/batches/${(await post(`/api/plays/${play.id}/runs`, body)).batch_id}`);
    } catch (error) {
      const where = error.errors[0] && `${error.errors[0].loc.slice(1).join('.')}: ${error.errors[0].msg}`;
      setText(fault, where || error.message);
    }
    return undefined;
  }

  leads.addEventListener('input', () => {
    const { leads: list } = readLeads(leads.value);
    run.lastChild.data = list.length ? `Run for ${plural(list.length, 'lead')}` : 'Run';
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
        'One lead on each line (e-mail, domain or profile link), or a table with a head. Each becomes one job.',
      ),
    ),
    h('label.tick', trial, 'Run one first, then ask before the rest'),
    fault,
    h('div.actions', run),
  );
}

const stepWords = (step) => (typeof step === 'string' ? step : (step.title ?? step.name ?? JSON.stringify(step)));

function whatItDoes(play) {
  const variables = Object.entries(play.variables);
  return h(
    'section.stack',
    h('h2', 'Steps'),
    play.play_steps.length
      ? h(
          'ol.numbered',
          play.play_steps.map((step) => h('li', stepWords(step))),
        )
      : h('p.dim', 'No steps: a run only gathers the data.'),
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

function changesOf(changes, kinds) {
  const names = (numbers) =>
    numbers.map((number) => kinds.find((kind) => kind.number === number)?.title).join(', ') || 'nothing';
  return h(
    'section.stack',
    h('h2', 'Changes to what it needs'),
    changes.length
      ? h(
          'ul.changes',
          changes.map(({ actor, before, after, created_at: at }) =>
            h(
              'li',
              h('time.dim', { datetime: at, title: dateTime(at) }, timeAgo(at)),
              h('span', h('b', actor), `: ${names(before)}`, h('span.dim', ' became '), names(after)),
            ),
          ),
        )
      : h('p.dim', 'Nobody has changed it yet.'),
  );
}

function openPlay(id, edits) {
  const path = `/api/plays/${encodeURIComponent(id)}`;
  const { root, body } = page('Play');
  setBreadcrumbs(LIST, ['…']);

  function name(title, ...parts) {
    setBreadcrumbs(LIST, ...parts);
    setTitle(title);
    setText(find('h1', root), title);
  }

  async function drop(play) {
    const lost = 'Its steps and requirements go. Batches that it made stay.';
    if (!(await confirmAction(`Delete “${play.name}”?`, lost, 'Delete play'))) return;
    try {
      await remove(path);
      toast(`${play.name} deleted`);
      go('#/plays');
    } catch (error) {
      toast(error.message);
    }
  }

  function show([play, { changes }, kinds]) {
    const needs = kinds.filter(({ number }) => play.required_batches.includes(number));
    name(play.name, [play.name]);
    find('.page-head', root).append(
      h('a.btn', { href: hrefOf(`plays/${play.id}`, { edit: 'yes' }) }, icon('edit'), 'Edit'),
      button('Delete…', 'trash', () => drop(play), { class: 'btn danger' }),
    );
    body.replaceChildren(
      h(
        'div.facts',
        h('span', 'number ', h('b', String(play.id))),
        h('span', 'hands back ', h('b', play.output_type)),
        h('span', 'needs ', h('b', needs.map(({ title }) => title).join(', ') || 'no data')),
      ),
      play.description ? h('p.intro', play.description) : '',
      h('div.columns', runForm(play), readinessForm(play), whatItDoes(play), changesOf(changes, kinds)),
    );
  }

  function edit([play]) {
    name(`Edit “${play.name}”`, [play.name, `#/plays/${play.id}`], ['Edit']);
    body.replaceChildren(playForm(play));
  }

  return loader({
    load: () => Promise.all([get(path), ...(edits ? [] : [get(`${path}/changes`), get('/api/data-batch-types')])]),
    draw: edits ? edit : show,
    failed: (error) => body.replaceChildren(errorNote(error.message)),
  });
}

export function playScreen(params, id) {
  return id === 'new' ? formPage('New play', LIST, playForm()) : viewOrEdit(params, (edits) => openPlay(id, edits));
}
