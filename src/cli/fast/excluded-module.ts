import { requestFullProgram } from './excluded-code.ts';

/* Replaces every module that a fast path excludes. */
requestFullProgram();
throw new Error('This bundle does not contain that module.');
