import { define } from './define.mjs';

define(2);
