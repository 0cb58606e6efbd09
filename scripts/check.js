// Checks how the code is laid out and written: the length of files, the width of comments, the
// subjects of commits. What compilers and linters can check, they do.
import { checkComments } from './lib/checks/comments.js';
import { checkLayouts } from './lib/checks/layouts.js';
import { checkLengths } from './lib/checks/lengths.js';
import { checkSubjects } from './lib/checks/subjects.js';
import { fail } from './lib/common.js';

const faults = [
  ...checkLengths(),
  ...checkLayouts(),
  ...checkComments(),
  ...checkSubjects(),
];
if (faults.length > 0) fail(...faults);
