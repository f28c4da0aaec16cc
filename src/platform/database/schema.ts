/** The schema that holds every table of the store, so that it can share a database with others. */
export const SCHEMA = 'snap_store';
