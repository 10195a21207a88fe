import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseMicroTime, parseTime } from './go-time.ts'

const as = 'as "2006-01-02T15:04:05Z07:00"'

describe('parseTime()', () => {
  const table: [input: string, text: string | null][] = [
    ['2024-02-29T12:00:00Z', '2024-02-29T12:00:00Z'],
    ['2024-01-01T00:00:00+02:00', '2023-12-31T22:00:00Z'],
    ['2024-01-01T00:00:00.999Z', '2024-01-01T00:00:00Z'],
    ['2024-01-01T1:02:03Z', '2024-01-01T01:02:03Z'],
    ['0001-01-01T00:00:00Z', null],
  ]
  for (const [input, text] of table) it(`prints ${input} as ${text}`, () => assert.deepEqual(parseTime(input), { ok: true, text }))

  const errors: [input: string, message: string][] = [
    ['', `parsing time "" ${as}: cannot parse "" as "2006"`],
    ['2024', `parsing time "2024" ${as}: cannot parse "" as "-"`],
    ['2024-13-01T00:00:00Z', 'parsing time "2024-13-01T00:00:00Z": month out of range'],
    ['2023-02-29T00:00:00Z', 'parsing time "2023-02-29T00:00:00Z": day out of range'],
    ['2023-02-01 00:00:00Z', `parsing time "2023-02-01 00:00:00Z" ${as}: cannot parse " 00:00:00Z" as "T"`],
    ['2023-02-01T24:00:00Z', 'parsing time "2023-02-01T24:00:00Z": hour out of range'],
    ['2023-02-01T00:00:00', `parsing time "2023-02-01T00:00:00" ${as}: cannot parse "" as "Z07:00"`],
    ['2023-02-01T00:00:00Zx', 'parsing time "2023-02-01T00:00:00Zx": extra text: "x"'],
    ['é', `parsing time "\\xc3\\xa9" ${as}: cannot parse "\\xc3\\xa9" as "2006"`],
  ]
  for (const [input, message] of errors)
    it(`refuses ${JSON.stringify(input)}`, () => assert.deepEqual(parseTime(input), { ok: false, message }))
})

describe('parseMicroTime()', () => {
  it('requires six digits', () => {
    assert.deepEqual(parseMicroTime('2024-01-01T00:00:00.000001Z'), { ok: true, text: '2024-01-01T00:00:00.000001Z' })
    assert.deepEqual(parseMicroTime('2024-01-01T00:00:00.123456+01:00'), { ok: true, text: '2023-12-31T23:00:00.123456Z' })
    assert.deepEqual(parseMicroTime('2024-01-01T00:00:00Z'), {
      ok: false,
      message: 'parsing time "2024-01-01T00:00:00Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000"',
    })
  })
})
