import { reportNeed } from './left-out.ts';

/* Stands for every module that a fast path leaves out. */
reportNeed();
throw new Error('This file of the program does not contain that part.');
