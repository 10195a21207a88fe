import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { decodeBech32, encodeBech32 } from '../../base/data/bech32.ts'
import { eventLine } from './audit-event.ts'
import { event } from './audit-log.testing.ts'
import { eventIn } from './find-event.ts'
import { denialsAnnotation } from './revocation-record.ts'
import { RecordOpener, RecordSealer, recipientOf } from './sealed-records.ts'

const [ann, bob] = [randomBytes(32), randomBytes(32)]
const recipient = (identity: Buffer) => recipientOf(identity).toString('base64')
const of = (namespace: string, name: string) =>
  event('create', name, { objectRef: { resource: 'pods', namespace, name, apiVersion: 'v1' } })
const linesOf = (text: string) => text.split(/(?<=\n)/).map(line => Buffer.from(line))
const openAll = (opener: RecordOpener, texts: readonly string[]) => texts.flatMap(linesOf).flatMap(line => opener.open(line) ?? [])

const rules = [
  { namespaces: ['team-a'], recipients: [recipient(ann)] },
  { namespaces: [], recipients: [recipient(bob)] },
]

test('RecordSealer seals records to the readers of their namespace, and RecordOpener opens those alone', () => {
  const sealer = new RecordSealer(rules)
  const events = [of('team-a', 'secret-a'), of('team-a', 'secret-b'), of('team-c', 'secret-c')]
  const texts = events.map(each => sealer.seal(each, eventLine(each)).join(''))
  assert.deepEqual(texts.join('').match(/secret-\w|team-\w|kubectl/g), ['secret-a', 'secret-b', 'secret-c'])
  assert.equal(texts.join('').match(/"kind":"SealKey"/g)?.length, 2)
  const lines = (names: readonly number[]) => names.map(at => eventLine(events[at] ?? assert.fail()))
  assert.deepEqual(openAll(new RecordOpener([ann]), texts).map(String), lines([0, 1]))
  assert.deepEqual(openAll(new RecordOpener([bob]), texts).map(String), lines([2]))
  assert.deepEqual(openAll(new RecordOpener([ann, bob]), texts).map(String), lines([0, 1, 2]))
  assert.deepEqual(openAll(new RecordOpener([randomBytes(32)]), texts), [])
})

test('RecordSealer uses another key after an epoch, and leaves records of no rule as they are', () => {
  const sealer = new RecordSealer(rules.slice(0, 1))
  const one = of('team-a', 'x')
  const first = sealer.seal(one, eventLine(one)).join('')
  sealer.forget()
  const second = sealer.seal(one, eventLine(one)).join('')
  const keyOf = (text: string) => /"SealKey".*?"key":"([^"]+)"/.exec(text)?.[1]
  assert.notEqual(keyOf(first), keyOf(second))
  assert.equal(openAll(new RecordOpener([ann]), [second]).length, 1)
  assert.equal(openAll(new RecordOpener([ann]), [linesOf(second)[1]?.toString() ?? '']).length, 0)
  const other = of('team-b', 'y')
  assert.equal(sealer.seal(other, eventLine(other)).join(''), eventLine(other))
})

test('RecordOpener refuses a sealed record that was changed or given another id, time or number', () => {
  const sealer = new RecordSealer(rules)
  const one = of('team-a', 'w')
  const [key, sealed] = linesOf(sealer.seal(one, eventLine(one)).join('')).map(String)
  for (const changed of [
    sealed?.replace('"auditID":"w"', '"auditID":"v"'),
    sealed?.replace('"number":1', '"number":2'),
    sealed?.replace(/"time":"2023/, '"time":"2024'),
    sealed?.replace(/"sealed":"(.)/, (_, first: string) => `"sealed":"${first === '_' ? 'A' : '_'}`),
  ])
    assert.throws(() => openAll(new RecordOpener([ann]), [key ?? '', changed ?? '']))
})

test('RecordSealer holds a bounded number of keys, whatever namespaces clients name', () => {
  const sealer = new RecordSealer(rules)
  let keys = 0
  for (let at = 0; at < 1100; at++) {
    const one = of(`n${at}`, 'x')
    if (sealer.seal(one, eventLine(one)).join('').includes('"kind":"SealKey"')) keys++
  }
  assert.ok(keys <= 1001, `${keys} keys`)
})

test('decodeBech32() reads keys of age, and nothing damaged', () => {
  // The example of age's own documentation.
  const text = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p'
  const bytes = decodeBech32('age', text) ?? assert.fail()
  assert.equal(bytes.length, 32)
  assert.equal(encodeBech32('age', bytes), text)
  assert.deepEqual(decodeBech32('age', text.toUpperCase()), bytes)
  for (const wrong of [
    '',
    text.slice(0, -1),
    text.replace('q', 'p'),
    `A${text.slice(1)}`,
    text.replace('age', 'agf'),
    `age1${'q'.repeat(2000)}`,
  ])
    assert.equal(decodeBech32('age', wrong), undefined)
})

test('eventIn() tells a sealed record from an event, also beside what it denied', () => {
  const sealer = new RecordSealer(rules)
  const denial = { ...of('team-a', 'x'), annotations: { [denialsAnnotation]: '{"a":"user-name:a"}' }, responseStatus: { code: 200 } }
  const [key = '', sealed = '', revocation = ''] = sealer.seal(denial, eventLine(denial))
  assert.deepEqual([eventIn(key), eventIn(sealed), eventIn(revocation)], [undefined, 'sealed', 'sealed'])
  const found = eventIn(eventLine(denial))
  assert.equal(found === 'sealed' ? found : found?.auditID, denial.auditID)
})
