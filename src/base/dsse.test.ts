import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatEnvelope, parseEnvelope, preAuthEncoding } from './dsse.ts'

test('preAuthEncoding() is that of the example of the specification', () => {
  const signed = preAuthEncoding('http://example.com/HelloWorld', Buffer.from('hello world'))
  assert.equal(signed.toString(), 'DSSEv1 29 http://example.com/HelloWorld 11 hello world')
})

test('preAuthEncoding() counts bytes, not characters', () => {
  assert.equal(preAuthEncoding('é', Buffer.from('ü')).toString(), 'DSSEv1 2 é 2 ü')
})

test('parseEnvelope() reads what formatEnvelope() writes, and ignores fields that DSSE does not name', () => {
  const envelope = { payloadType: 'text', payload: Buffer.from([0, 255, 62]), signatures: [{ keyid: 'k', sig: Buffer.from('s') }] }
  const text = formatEnvelope(envelope)
  assert.deepEqual(parseEnvelope(text), envelope)
  assert.deepEqual(parseEnvelope(JSON.stringify({ ...JSON.parse(text), more: 1 })), envelope)
})

const good = { payloadType: 'text', payload: 'YQ==', signatures: [{ keyid: 'k', sig: 'YQ==' }] }
const wrong: readonly [name: string, value: unknown, problem: RegExp][] = [
  ['a list', [], /not a JSON object/],
  ['no type', { ...good, payloadType: undefined }, /no payloadType/],
  ['a payload that is no base64', { ...good, payload: 'a b' }, /payload is not base64/],
  ['a payload that is no text', { ...good, payload: 1 }, /payload is not base64/],
  ['no signatures', { ...good, signatures: undefined }, /no list of at most 16 signatures/],
  ['17 signatures', { ...good, signatures: Array.from({ length: 17 }, () => good.signatures[0]) }, /at most 16/],
  ['a signature that is no object', { ...good, signatures: ['x'] }, /signature is not an object/],
  ['a signature without a value', { ...good, signatures: [{}] }, /sig is not base64/],
  ['a keyid that is no text', { ...good, signatures: [{ keyid: 1, sig: '' }] }, /keyid of a signature is not a text/],
]
for (const [name, value, problem] of wrong) {
  test(`parseEnvelope() refuses ${name}`, () => assert.throws(() => parseEnvelope(JSON.stringify(value)), problem))
}
