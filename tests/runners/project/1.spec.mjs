import { define } from './define.mjs';

define(1);
