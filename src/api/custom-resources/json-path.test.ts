import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonPathProblem, parseJsonPath } from './json-path.ts'

const refused: readonly [name: string, path: string][] = [
  ['a bracket that stays open', '.spec['],
  ['a filter that stays open', '.spec[?(@.a==1]'],
  ['a filter that stays open within quotes', `.spec[?(@.a=="1)]`],
  ['a filter without a bracket behind it', '.spec[?(@.a==1).b'],
  ['a filter with nothing to compare to', '.spec[?(@.a==)]'],
  ['a filter of nothing', '.spec[?(==1)]'],
  ['a name in brackets without quotes', '.spec[a]'],
  ['a name in brackets in double quotes', '.spec["a"]'],
  ['a space within brackets', '.spec[ 0]'],
  ['a space beside a quoted name', ".spec[ 'a']"],
  ['a comma within a quoted name', ".spec['a,b']"],
  ['a bracket within a quoted name', ".spec['a]b']"],
  ['an index that is a sign alone', '.spec[-]'],
  ['an index with a plus', '.spec[+1]'],
  ['an index beyond 64 bits', '.spec[9223372036854775808]'],
  ['a slice of four parts', '.spec[0:1:2:3]'],
  ['an index with a fraction among several', '.spec[0,1.5]'],
  ['two descents behind each other', '.spec....a'],
  ['a wildcard right behind a descent', '.spec..*'],
  ['a wildcard without a dot', '.spec[0]*'],
  ['a brace that opens within a path', '.spec{.a'],
  ['a second action that stays open', '.spec}{.a{'],
  ['a backslash at the end', '.spec\\'],
  ['a line break', '.spec\n.a'],
  ['a tab', '.spec\t.a'],
  ['a quoted text that stays open', ".spec 'a"],
  ['a number with two points', '.spec 1.2.3'],
  ['a sign without a number', '.spec -'],
  ['a number beyond all', `.spec ${'9'.repeat(400)}`],
  ['an invalid escape', String.raw`.spec "\q"`],
  ['the other quote escaped', String.raw`.spec "\'"`],
  ['half of a surrogate pair', String.raw`.spec "\ud800"`],
  ['a code point beyond the last', String.raw`.spec "\U00110000"`],
  ['an escaped byte above 255', String.raw`.spec "\400"`],
  ['a quote behind a backslash that is escaped itself', String.raw`.spec "\\"`],
  ['an escape without its digits', String.raw`.spec "\x4"`],
  ['a path of more than 1024 characters', `.${'a'.repeat(1024)}`],
]
for (const [name, path] of refused) {
  test(`parseJsonPath() refuses ${name}`, () => assert.equal(parseJsonPath(path), undefined))
}

const read: readonly [path: string, parts: unknown][] = [
  ['$.spec', [[{ kind: 'field', name: 'spec' }]]],
  ['@.spec', [[{ kind: 'field', name: 'spec' }]]],
  ['.', [[{ kind: 'field', name: '' }]]],
  ['', [[]]],
  ['spec', [[{ kind: 'identifier', name: 'spec' }]]],
  [String.raw`.a\.b\\c`, [[{ kind: 'field', name: 'a.bc' }]]],
  ['._é', [[{ kind: 'field', name: '_é' }]]],
  [
    "['a.b']",
    [
      [
        { kind: 'field', name: 'a' },
        { kind: 'field', name: 'b' },
      ],
    ],
  ],
  [String.raw`['a\.b']`, [[{ kind: 'field', name: 'a.b' }]]],
  ['[]', [[{ kind: 'slice', from: 0, to: 1, single: true, by: 1 }]]],
  ['[-1]', [[{ kind: 'slice', from: -1, to: 0, single: true, by: 1 }]]],
  ['[*]', [[{ kind: 'slice', from: 0, to: undefined, single: false, by: 1 }]]],
  ['[:-1:2]', [[{ kind: 'slice', from: 0, to: -1, single: false, by: 2 }]]],
  [
    ' true -7',
    [
      [
        { kind: 'literal', value: true },
        { kind: 'literal', value: -7n },
      ],
    ],
  ],
  ['.a}b{.c', [[{ kind: 'field', name: 'a' }], [{ kind: 'text', text: 'b' }], [{ kind: 'field', name: 'c' }]]],
  [String.raw`"\x41\101\u00e9\xc3\xa9\U0001F600\n\"\\."`, [[{ kind: 'text', text: 'AAéé😀\n"\\.' }]]],
  ["'it\\'s'", [[{ kind: 'text', text: "it's" }]]],
]
for (const [path, parts] of read) {
  test(`parseJsonPath() reads ${JSON.stringify(path)}`, () => assert.deepEqual(parseJsonPath(path), parts))
}

const problems: readonly [path: string, problem: string | undefined][] = [
  ['.a', undefined],
  ['.a[', 'unterminated array'],
  ['.a[b]', 'invalid array index b'],
  ['.a[9223372036854775808]', 'array index 9223372036854775808 is not a number'],
  ['.a[?(@.b==1]', 'unterminated filter'],
  ['.a[?(@.b==1).c', 'unclosed array expect ]'],
  ['....a', 'invalid multiple recursive descent'],
  [".a 'b", 'unterminated quoted string'],
  [String.raw`.a "\q"`, String.raw`unquote string "\q" error invalid syntax`],
  ['.a 1.2.3', 'cannot parse number 1.2.3'],
  ['.a[0,b]', 'invalid array index b'],
  ['.a{b', "unrecognized character in action: U+007B '{'"],
  ['.a\t', 'unrecognized character in action: U+0009'],
  ['.a\n', 'unclosed action'],
  ['.a}{', undefined],
]
for (const [path, problem] of problems) {
  test(`jsonPathProblem() validates ${JSON.stringify(path)}`, () => assert.equal(jsonPathProblem(path), problem))
}
