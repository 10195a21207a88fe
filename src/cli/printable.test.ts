import assert from 'node:assert/strict'
import { test } from 'node:test'
import { printable, printableLines } from './printable.ts'

/** ESC with CSI and OSC 8, CSI in one character, CR, BEL, backspace, another direction of writing. */
const hostile = ['\u001b[2J', '\u001b]8;;https://evil.example\u0007x', '\u009b31m', 'a\rb', '\u0007', 'a\bb', '\u202Etxt', '\u0000']

test('CVE-2021-25743: printable() leaves a terminal nothing to obey, and people everything to read', () => {
  for (const text of hostile) assert.doesNotMatch(printable(text), /[\p{C}]/u, JSON.stringify(text))
  assert.equal(printable('a\n\u001b[2J'), 'a\\u000a\\u001b[2J')
  assert.equal(printable('Grüße, 日本 🚢 — "x"'), 'Grüße, 日本 🚢 — "x"')
})

test('printableLines() leaves the ends of lines alone', () => {
  assert.equal(printableLines('a\n\u001b[2J\r\nb'), 'a\n\\u001b[2J\\u000d\nb')
})
