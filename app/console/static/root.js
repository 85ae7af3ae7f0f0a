// Where the service is: its paths begin here, in whatever folder of a host it is.

// Nothing, or such as '/tranche'.
const root = new URL('..', import.meta.url).pathname.slice(0, -1);

/**
 * The address of a path as the API's documentation writes it. What the service itself names is one already.
 * @param {string} path
 */
export const urlOf = (path) => root + path;
