/**
 * The newest migration that this program knows: a store that has it needs no work on opening. In its own file, so that
 * what needs only the name does not load every migration.
 */
export const newestMigration = '013-folded-text';
