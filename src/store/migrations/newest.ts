/**
 * The newest migration that this program knows: a store that has it needs no work on opening. It stands apart, so that
 * whoever only has to know its name does not load them all.
 */
export const newestMigration = '013-reminders';
