/** A database without tables. */
export const emptyDatabase = 'store_empty';
/** A database with the newest tables and nothing in them. */
export const preparedDatabase = 'store_prepared';
