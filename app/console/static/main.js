// Starts the console: who is signed in, then the screen that the address names.
import { get, onSignedOut } from './api.js';
import { setUpConnection } from './connection.js';
import { fillIcons, loadIcons, targetOf } from './dom.js';
import { setUpMenu } from './parts/overlays.js';
import { address, go, lazy, reload, start } from './router.js';
import { batchesScreen } from './screens/batches.js';
import { signInScreen } from './screens/sign-in.js';
import { setUpShell, showSession, showShell } from './shell.js';
import { setUpShortcuts } from './shortcuts.js';

/** @import { Session } from '../api.d.ts' */

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
  wanted = '#/batches';
  go('#/sign-in');
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
const playsScreen = lazy(() => import('./screens/plays.js'), 'playsScreen', 'tables');
const playScreen = lazy(() => import('./screens/play.js'), 'playScreen', 'tables');
const restaurantsScreen = lazy(() => import('./screens/restaurants.js'), 'restaurantsScreen', 'tables');
const restaurantScreen = lazy(() => import('./screens/restaurant.js'), 'restaurantScreen', 'tables');
const reportsScreen = lazy(() => import('./screens/reports.js'), 'reportsScreen', 'tables');
const reportScreen = lazy(() => import('./screens/report.js'), 'reportScreen', 'tables batch');
const batchScreen = lazy(() => import('./screens/batch.js'), 'batchScreen', 'batch');
start(
  {
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
    workers: lazy(() => import('./screens/workers.js'), 'workersScreen', 'tables'),
    names: lazy(() => import('./screens/names.js'), 'namesScreen', 'tables'),
    sessions: lazy(() => import('./screens/sessions.js'), 'sessionsScreen', 'tables'),
    usage: lazy(() => import('./screens/usage.js'), 'usageScreen', 'tables'),
    keys: lazy(() => import('./screens/api-keys.js'), 'apiKeysScreen', 'tables'),
    audit: lazy(() => import('./screens/audit.js'), 'auditScreen', 'tables'),
    'sign-in': () => signInScreen(signedIn),
  },
  showShell,
);
