// Starts the console: who is signed in, then the screen that the address names.
import { get, onSignedOut } from './api.js';
import { setUpConnection } from './connection.js';
import { fillIcons, loadIcons, targetOf } from './dom.js';
import { setUpMenu } from './parts/overlays.js';
import { address, go, lazy, reload, start } from './router.js';
import { batchesScreen } from './screens/batches.js';
import { signInScreen } from './screens/sign-in.js';
import { may, opens, setUpShell, showSession, showShell } from './shell.js';
import { setUpShortcuts } from './shortcuts.js';

/** @import { Permission, Session } from '../api.d.ts' */
/** @import { ScreenFactory } from '../types.d.ts' */

let wanted = '#/batches';

function askToSignIn() {
  if (address().name === 'sign-in') return;
  wanted = location.hash || '#/batches';
  go('#/sign-in');
}

/** @param {Session} made */
function signedIn(made) {
  showSession(made);
  history.replaceState(null, '', wanted);
  reload();
}

loadIcons();
fillIcons(document.body);
setUpShell(() => {
  // A new page has nothing in it of who was here.
  history.replaceState(null, '', '#/sign-in');
  location.reload();
});
setUpConnection();
setUpShortcuts();
setUpMenu();
onSignedOut(askToSignIn);
// Forms are handled by their screens; only dialogs are closed by the browser.
addEventListener('submit', (event) => {
  if (targetOf(event).getAttribute('method') !== 'dialog') event.preventDefault();
});

/** @type {Session | null} */
let session = null;
try {
  session = await get('/api/session');
} catch {
  // Not signed in: `askToSignIn` has set the address. Service away: the screens say so and try again.
}
if (session) showSession(session);
const forbiddenScreen = lazy(() => import('./screens/forbidden.js'), 'forbiddenScreen', 'tables');
/** @type {Record<string, Permission>} what it takes to open a screen, where it takes more than to see batches */
const NEEDS = {
  new: 'submit',
  users: 'admin',
  invitations: 'admin',
  connections: 'admin',
  names: 'admin',
  audit: 'admin',
  organisations: 'operate',
  workers: 'operate',
};
/** What it takes to add and change what a screen shows, where the screen does not see to it. @type {Record<string, Permission>} */
const CHANGES = { plays: 'manage', restaurants: 'manage' };
/** @type {Record<string, string>} the pipeline that a screen is about */
const PIPELINES = {
  restaurants: 'restaurant-registration',
  plays: 'play',
  reports: 'data-report',
  swimmers: 'pdf-extraction',
  swims: 'pdf-extraction',
  webhooks: 'all',
};

/** @param {string} name @param {URLSearchParams} params @param {string | undefined} id */
function isOpen(name, params, id) {
  const needed = NEEDS[name] ?? ((id === 'new' || params.has('edit')) && CHANGES[name]);
  return (!needed || may(needed)) && (!PIPELINES[name] || opens(PIPELINES[name]));
}

/** @param {[name: string, screen: ScreenFactory]} entry @returns {[string, ScreenFactory]} */
const guarded = ([name, screen]) => [
  name,
  (params, id) => (isOpen(name, params, id) ? screen : forbiddenScreen)(params, id),
];
const playsScreen = lazy(() => import('./screens/plays.js'), 'playsScreen', 'tables');
const playScreen = lazy(() => import('./screens/play.js'), 'playScreen', 'tables');
const restaurantsScreen = lazy(() => import('./screens/restaurants.js'), 'restaurantsScreen', 'tables');
const restaurantScreen = lazy(() => import('./screens/restaurant.js'), 'restaurantScreen', 'tables');
const reportsScreen = lazy(() => import('./screens/reports.js'), 'reportsScreen', 'tables');
const reportScreen = lazy(() => import('./screens/report.js'), 'reportScreen', 'tables batch');
const batchScreen = lazy(() => import('./screens/batch.js'), 'batchScreen', 'batch');
/** @type {Record<string, ScreenFactory>} */
const screens = {
  batches: (params, id) => (id ? batchScreen(params, id) : batchesScreen(params)),
  new: lazy(() => import('./screens/new.js'), 'newScreen', 'new'),
  plays: (params, id) => (id ? playScreen : playsScreen)(params, id),
  restaurants: (params, id) => (id ? restaurantScreen : restaurantsScreen)(params, id),
  reports: (params, id) => (id ? reportScreen : reportsScreen)(params, id),
  swimmers: lazy(() => import('./screens/swimmers.js'), 'swimmersScreen', 'tables sheets'),
  swims: lazy(() => import('./screens/batch-swims.js'), 'batchSwimsScreen', 'tables sheets'),
  templates: lazy(() => import('./screens/templates.js'), 'templatesScreen', 'tables'),
  schedules: lazy(() => import('./screens/schedules.js'), 'schedulesScreen', 'tables'),
  webhooks: lazy(() => import('./screens/webhooks.js'), 'webhooksScreen', 'tables'),
  sessions: lazy(() => import('./screens/sessions.js'), 'sessionsScreen', 'tables'),
  users: lazy(() => import('./screens/users.js'), 'usersScreen', 'tables'),
  invitations: lazy(() => import('./screens/invitations.js'), 'invitationsScreen', 'tables'),
  keys: lazy(() => import('./screens/api-keys.js'), 'apiKeysScreen', 'tables'),
  connections: lazy(() => import('./screens/connections.js'), 'connectionsScreen', 'tables'),
  names: lazy(() => import('./screens/names.js'), 'namesScreen', 'tables'),
  usage: lazy(() => import('./screens/usage.js'), 'usageScreen', 'tables'),
  audit: lazy(() => import('./screens/audit.js'), 'auditScreen', 'tables'),
  organisations: lazy(() => import('./screens/organisations.js'), 'organisationsScreen', 'tables'),
  workers: lazy(() => import('./screens/workers.js'), 'workersScreen', 'tables'),
  'sign-in': () => signInScreen(signedIn, () => wanted),
};
start(Object.fromEntries(Object.entries(screens).map(guarded)), showShell);
