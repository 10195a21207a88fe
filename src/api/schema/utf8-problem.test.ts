import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { utf8Problem } from './utf8-problem.ts'

describe('utf8Problem()', () => {
  const rows: [bytes: string, problem: string][] = [
    ['61c3a9e282acf09f9880', ''],
    ['61ff', 'invalid leading UTF-8 octet'],
    ['80', 'invalid leading UTF-8 octet'],
    ['f8808080', 'invalid leading UTF-8 octet'],
    ['61e282', 'incomplete UTF-8 octet sequence'],
    ['c361', 'invalid trailing UTF-8 octet'],
    ['c0af', 'invalid length of a UTF-8 sequence'],
    ['e08080', 'invalid length of a UTF-8 sequence'],
    ['eda080', 'invalid Unicode character'],
    ['f4908080', 'invalid Unicode character'],
  ]
  for (const [bytes, problem] of rows)
    it(`reports for ${bytes}: ${problem || 'nothing'}`, () => assert.equal(utf8Problem(Buffer.from(bytes, 'hex')), problem))
})
