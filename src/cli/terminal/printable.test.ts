import assert from 'node:assert/strict'
import { test } from 'node:test'
import { printable, printableJson, printableLines, printableParagraph } from './printable.ts'

/** ESC with CSI and OSC 8, one-character CSI, CR, BEL, backspace, and a change of text direction. */
const hostile = ['\u001b[2J', '\u001b]8;;https://evil.example\u0007x', '\u009b31m', 'a\rb', '\u0007', 'a\bb', '\u202Etxt', '\u0000']

test('CVE-2021-25743: printable() escapes all control characters and keeps readable text', () => {
  for (const text of hostile) assert.doesNotMatch(printable(text), /[\p{C}]/u, JSON.stringify(text))
  assert.equal(printable('a\n\u001b[2J'), 'a\\u000a\\u001b[2J')
  assert.equal(printable('Grüße, 日本 🚢 — "x"'), 'Grüße, 日本 🚢 — "x"')
})

test('printableLines() keeps line ends', () => {
  assert.equal(printableLines('a\n\u001b[2J\r\nb'), 'a\n\\u001b[2J\\u000d\nb')
})

test('printableParagraph() indents lines so that none looks like our own output', () => {
  assert.equal(printableParagraph('one\nALLOWED: \u001b[2J\n', '  '), 'one\n  ALLOWED: \\u001b[2J')
})

test('printableJson() gives equal JSON without control characters', () => {
  const value = { hostile, 'na\u009bme': '\u{e0001}\u2028x' }
  const text = printableJson(value)
  assert.doesNotMatch(text, /[^\P{C}\n]|\u2028/u)
  assert.deepEqual(JSON.parse(text), value)
})
