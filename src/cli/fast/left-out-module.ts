import { reportNeed } from './left-out.ts';

/* Replaces every module that a fast path leaves out. */
reportNeed();
throw new Error('This bundle does not contain that module.');
