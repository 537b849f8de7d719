/**
 * The newest migration that this program knows. A store that has it needs no upgrade. In its own file, so that code that
 * needs only the name does not load every migration.
 */
export const newestMigration = '013-folded-text';
