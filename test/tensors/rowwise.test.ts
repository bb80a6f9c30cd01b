/** The numbers of a row are the same, bit for bit, whatever other rows there are: natively and on WASM. */

import { describeRows } from './rowwise.ts';

describeRows('tensorflow');
describeRows('wasm');
