import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseChallenge } from './challenge.ts'

test('parseChallenge() reads Bearer and Basic, and nothing else', () => {
  const rows: readonly [string | undefined, unknown][] = [
    ['Bearer realm="https://a/token",service="reg"', { scheme: 'bearer', realm: 'https://a/token', service: 'reg' }],
    ['bearer  service="reg", realm="https://a/token" ,scope="x:y:z,w"', { scheme: 'bearer', realm: 'https://a/token', service: 'reg' }],
    ['Bearer realm="https://a/token"', { scheme: 'bearer', realm: 'https://a/token', service: undefined }],
    ['Basic realm="x"', { scheme: 'basic' }],
    ['Basic', { scheme: 'basic' }],
    ['Bearer service="reg"', undefined],
    ['Digest realm="x"', undefined],
    ['Bearerish realm="x"', undefined],
    ['', undefined],
    [undefined, undefined],
  ]
  for (const [header, expected] of rows) assert.deepEqual(parseChallenge(header), expected, header)
  assert.equal(parseChallenge(`Bearer ${' ,'.repeat(1_000_000)}`), undefined)
})
