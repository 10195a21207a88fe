// Messages are those of cel-go for the same source.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CelCompileError } from '../issue.ts'
import { optionalLibrary } from '../library/optional.ts'
import { twoVariableLibrary } from '../library/two-variables.ts'
import { macroTable, standardMacros } from './macro.ts'
import { parse } from './parser.ts'

const options = {
  macros: macroTable([...standardMacros, ...(optionalLibrary.macros ?? []), ...(twoVariableLibrary.macros ?? [])]),
  optionalSyntax: true,
  escapedNames: false,
}
/** Possible beginnings of an expression, as messages list them. */
const start = "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"

const refused: readonly [source: string, message: string][] = [
  ['1 1', "ERROR: <input>:1:3: Syntax error: extraneous input '1' expecting <EOF>\n | 1 1\n | ..^"],
  ['1 +', `ERROR: <input>:1:4: Syntax error: mismatched input '<EOF>' expecting ${start}\n | 1 +\n | ...^`],
  ['a b', "ERROR: <input>:1:3: Syntax error: extraneous input 'b' expecting <EOF>\n | a b\n | ..^"],
  [
    'foo(',
    "ERROR: <input>:1:5: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', ')', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | foo(\n | ....^",
  ],
  ['foo(1', "ERROR: <input>:1:6: Syntax error: missing ')' at '<EOF>'\n | foo(1\n | .....^"],
  ['foo(1,', `ERROR: <input>:1:7: Syntax error: mismatched input '<EOF>' expecting ${start}\n | foo(1,\n | ......^`],
  ['foo(1,)', `ERROR: <input>:1:7: Syntax error: mismatched input ')' expecting ${start}\n | foo(1,)\n | ......^`],
  ['[1, 2', "ERROR: <input>:1:6: Syntax error: mismatched input '<EOF>' expecting {']', ','}\n | [1, 2\n | .....^"],
  ['[1 2]', "ERROR: <input>:1:4: Syntax error: extraneous input '2' expecting {']', ','}\n | [1 2]\n | ...^"],
  ['{1: 2', "ERROR: <input>:1:6: Syntax error: mismatched input '<EOF>' expecting {'}', ','}\n | {1: 2\n | .....^"],
  ['{1 2}', "ERROR: <input>:1:4: Syntax error: missing ':' at '2'\n | {1 2}\n | ...^"],
  ['{1}', "ERROR: <input>:1:3: Syntax error: mismatched input '}' expecting ':'\n | {1}\n | ..^"],
  ["{'a': }", `ERROR: <input>:1:7: Syntax error: mismatched input '}' expecting ${start}\n | {'a': }\n | ......^`],
  ['a ? b', "ERROR: <input>:1:6: Syntax error: mismatched input '<EOF>' expecting ':'\n | a ? b\n | .....^"],
  ['a ? b : ', `ERROR: <input>:1:9: Syntax error: mismatched input '<EOF>' expecting ${start}\n | a ? b : \n | ........^`],
  [
    'a ? : c',
    `ERROR: <input>:1:5: Syntax error: extraneous input ':' expecting ${start}\n | a ? : c\n | ....^\nERROR: <input>:1:8: Syntax error: mismatched input '<EOF>' expecting ':'\n | a ? : c\n | .......^`,
  ],
  ['a.', "ERROR: <input>:1:3: Syntax error: no viable alternative at input '.'\n | a.\n | ..^"],
  ['a.1', "ERROR: <input>:1:2: Syntax error: extraneous input '.1' expecting <EOF>\n | a.1\n | .^"],
  ['a. < b', "ERROR: <input>:1:4: Syntax error: no viable alternative at input '. <'\n | a. < b\n | ...^"],
  ['&& !a', `ERROR: <input>:1:1: Syntax error: extraneous input '&&' expecting ${start}\n | && !a\n | ^`],
  ['a..b', "ERROR: <input>:1:3: Syntax error: no viable alternative at input '..'\n | a..b\n | ..^"],
  ['a[1', "ERROR: <input>:1:4: Syntax error: missing ']' at '<EOF>'\n | a[1\n | ...^"],
  [
    'a[]',
    "ERROR: <input>:1:3: Syntax error: mismatched input ']' expecting {'[', '{', '(', '.', '-', '!', '?', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | a[]\n | ..^",
  ],
  [
    'a[',
    "ERROR: <input>:1:3: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', '?', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | a[\n | ..^",
  ],
  [')', `ERROR: <input>:1:1: Syntax error: mismatched input ')' expecting ${start}\n | )\n | ^`],
  ['(1', "ERROR: <input>:1:3: Syntax error: missing ')' at '<EOF>'\n | (1\n | ..^"],
  ['(1))', "ERROR: <input>:1:4: Syntax error: extraneous input ')' expecting <EOF>\n | (1))\n | ...^"],
  ['()', `ERROR: <input>:1:2: Syntax error: mismatched input ')' expecting ${start}\n | ()\n | .^`],
  [
    '@',
    `ERROR: <input>:1:1: Syntax error: token recognition error at: '@'\n | @\n | ^\nERROR: <input>:1:2: Syntax error: mismatched input '<EOF>' expecting ${start}\n | @\n | .^`,
  ],
  [
    'a @ b',
    "ERROR: <input>:1:3: Syntax error: token recognition error at: '@'\n | a @ b\n | ..^\nERROR: <input>:1:5: Syntax error: extraneous input 'b' expecting <EOF>\n | a @ b\n | ....^",
  ],
  [
    'a # b',
    "ERROR: <input>:1:3: Syntax error: token recognition error at: '#'\n | a # b\n | ..^\nERROR: <input>:1:5: Syntax error: extraneous input 'b' expecting <EOF>\n | a # b\n | ....^",
  ],
  [
    "'abc",
    `ERROR: <input>:1:1: Syntax error: token recognition error at: ''abc'\n | 'abc\n | ^\nERROR: <input>:1:5: Syntax error: mismatched input '<EOF>' expecting ${start}\n | 'abc\n | ....^`,
  ],
  [
    '"abc',
    `ERROR: <input>:1:1: Syntax error: token recognition error at: '"abc'\n | "abc\n | ^\nERROR: <input>:1:5: Syntax error: mismatched input '<EOF>' expecting ${start}\n | "abc\n | ....^`,
  ],
  ['1 == ', `ERROR: <input>:1:6: Syntax error: mismatched input '<EOF>' expecting ${start}\n | 1 == \n | .....^`],
  [
    '1 = 2',
    "ERROR: <input>:1:3: Syntax error: token recognition error at: '= '\n | 1 = 2\n | ..^\nERROR: <input>:1:5: Syntax error: extraneous input '2' expecting <EOF>\n | 1 = 2\n | ....^",
  ],
  [
    'a & b',
    "ERROR: <input>:1:3: Syntax error: token recognition error at: '& '\n | a & b\n | ..^\nERROR: <input>:1:5: Syntax error: extraneous input 'b' expecting <EOF>\n | a & b\n | ....^",
  ],
  ['a && ', `ERROR: <input>:1:6: Syntax error: mismatched input '<EOF>' expecting ${start}\n | a && \n | .....^`],
  ['a || ', `ERROR: <input>:1:6: Syntax error: mismatched input '<EOF>' expecting ${start}\n | a || \n | .....^`],
  ['&& a', `ERROR: <input>:1:1: Syntax error: extraneous input '&&' expecting ${start}\n | && a\n | ^`],
  ['|| a', `ERROR: <input>:1:1: Syntax error: extraneous input '||' expecting ${start}\n | || a\n | ^`],
  ['== 1', `ERROR: <input>:1:1: Syntax error: extraneous input '==' expecting ${start}\n | == 1\n | ^`],
  ['if', 'ERROR: <input>:1:1: reserved identifier: if\n | if\n | ^'],
  [
    'let x = 1',
    "ERROR: <input>:1:1: reserved identifier: let\n | let x = 1\n | ^\nERROR: <input>:1:5: Syntax error: mismatched input 'x' expecting <EOF>\n | let x = 1\n | ....^\nERROR: <input>:1:7: Syntax error: token recognition error at: '= '\n | let x = 1\n | ......^",
  ],
  ['for', 'ERROR: <input>:1:1: reserved identifier: for\n | for\n | ^'],
  ['a in', `ERROR: <input>:1:5: Syntax error: mismatched input '<EOF>' expecting ${start}\n | a in\n | ....^`],
  ['in a', `ERROR: <input>:1:1: Syntax error: extraneous input 'in' expecting ${start}\n | in a\n | ^`],
  ['has(x)', 'ERROR: <input>:1:5: invalid argument to has() macro\n | has(x)\n | ....^'],
  ['x.all(1, true)', 'ERROR: <input>:1:7: argument must be a simple name\n | x.all(1, true)\n | ......^'],
  ['x.map(1, true)', 'ERROR: <input>:1:7: argument is not an identifier\n | x.map(1, true)\n | ......^'],
  ['x.all(y.z, true)', 'ERROR: <input>:1:8: argument must be a simple name\n | x.all(y.z, true)\n | .......^'],
  ['a?.b.?c[?d]', "ERROR: <input>:1:12: Syntax error: mismatched input '<EOF>' expecting ':'\n | a?.b.?c[?d]\n | ...........^"],
  ['99999999999999999999', 'ERROR: <input>:1:1: invalid int literal\n | 99999999999999999999\n | ^'],
  ['99999999999999999999u', 'ERROR: <input>:1:1: invalid uint literal\n | 99999999999999999999u\n | ^'],
  ['1e999', 'ERROR: <input>:1:1: invalid double literal\n | 1e999\n | ^'],
  ["b'\\u1234'", "ERROR: <input>:1:1: unable to unescape string\n | b'\\u1234'\n | ^"],
  [
    "'\\q'",
    `ERROR: <input>:1:1: Syntax error: token recognition error at: ''\\q'\n | '\\q'\n | ^\nERROR: <input>:1:4: Syntax error: token recognition error at: '''\n | '\\q'\n | ...^\nERROR: <input>:1:5: Syntax error: mismatched input '<EOF>' expecting ${start}\n | '\\q'\n | ....^`,
  ],
  ['', `ERROR: <input>:1:1: Syntax error: mismatched input '<EOF>' expecting ${start}`],
  ['   ', `ERROR: <input>:1:4: Syntax error: mismatched input '<EOF>' expecting ${start}\n |    \n | ...^`],
  ['// hi', `ERROR: <input>:1:6: Syntax error: mismatched input '<EOF>' expecting ${start}\n | // hi\n | .....^`],
  ['a\nb', "ERROR: <input>:2:1: Syntax error: extraneous input 'b' expecting <EOF>\n | b\n | ^"],
  ['a +\n\n+ b', `ERROR: <input>:3:1: Syntax error: extraneous input '+' expecting ${start}\n | + b\n | ^`],
  ['!', `ERROR: <input>:1:2: Syntax error: extraneous input '<EOF>' expecting ${start}\n | !\n | .^`],
  ['1u2', "ERROR: <input>:1:3: Syntax error: extraneous input '2' expecting <EOF>\n | 1u2\n | ..^"],
  ['0x', "ERROR: <input>:1:2: Syntax error: extraneous input 'x' expecting <EOF>\n | 0x\n | .^"],
  ['0xg', "ERROR: <input>:1:2: Syntax error: extraneous input 'xg' expecting <EOF>\n | 0xg\n | .^"],
  ['Foo{a 1}', "ERROR: <input>:1:7: Syntax error: missing ':' at '1'\n | Foo{a 1}\n | ......^"],
  [
    'Foo{',
    "ERROR: <input>:1:5: Syntax error: mismatched input '<EOF>' expecting {'}', ',', '?', IDENTIFIER, ESC_IDENTIFIER}\n | Foo{\n | ....^",
  ],
  ['Foo{a: 1', "ERROR: <input>:1:9: Syntax error: mismatched input '<EOF>' expecting {'}', ','}\n | Foo{a: 1\n | ........^"],
  ['Foo{a: }', `ERROR: <input>:1:8: Syntax error: mismatched input '}' expecting ${start}\n | Foo{a: }\n | .......^`],
  [
    'Foo{1: 2}',
    "ERROR: <input>:1:5: Syntax error: mismatched input '1' expecting {'}', ',', '?', IDENTIFIER, ESC_IDENTIFIER}\n | Foo{1: 2}\n | ....^",
  ],
  [
    'x.y.z(',
    "ERROR: <input>:1:7: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', ')', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | x.y.z(\n | ......^",
  ],
  ['x.(y)', "ERROR: <input>:1:3: Syntax error: no viable alternative at input '.('\n | x.(y)\n | ..^"],
  ['x::y', "ERROR: <input>:1:2: Syntax error: mismatched input ':' expecting <EOF>\n | x::y\n | .^"],
  ['$a', "ERROR: <input>:1:1: Syntax error: token recognition error at: '$'\n | $a\n | ^"],
  [
    'a; b',
    "ERROR: <input>:1:2: Syntax error: token recognition error at: ';'\n | a; b\n | .^\nERROR: <input>:1:4: Syntax error: extraneous input 'b' expecting <EOF>\n | a; b\n | ...^",
  ],
  [
    "'a' + 'é' + x +",
    `ERROR: <input>:1:16: Syntax error: mismatched input '<EOF>' expecting ${start}\n | 'a' + 'é' + x +\n | .......．.......^`,
  ],
  [
    'é',
    `ERROR: <input>:1:1: Syntax error: token recognition error at: 'é'\n | é\n | ＾\nERROR: <input>:1:2: Syntax error: mismatched input '<EOF>' expecting ${start}\n | é\n | ．^`,
  ],
  [
    '日本 + 1 +',
    `ERROR: <input>:1:1: Syntax error: token recognition error at: '日'\n | 日本 + 1 +\n | ＾\nERROR: <input>:1:2: Syntax error: token recognition error at: '本'\n | 日本 + 1 +\n | ．＾\nERROR: <input>:1:4: Syntax error: extraneous input '+' expecting ${start}\n | 日本 + 1 +\n | ．．.^\nERROR: <input>:1:9: Syntax error: mismatched input '<EOF>' expecting ${start}\n | 日本 + 1 +\n | ．．......^`,
  ],
  ['a < b < ', `ERROR: <input>:1:9: Syntax error: mismatched input '<EOF>' expecting ${start}\n | a < b < \n | ........^`],
  ['a < b c', "ERROR: <input>:1:7: Syntax error: extraneous input 'c' expecting <EOF>\n | a < b c\n | ......^"],
  ['[1,,2]', "ERROR: <input>:1:4: Syntax error: mismatched input ',' expecting ']'\n | [1,,2]\n | ...^"],
  ['(1 2)', "ERROR: <input>:1:4: Syntax error: extraneous input '2' expecting ')'\n | (1 2)\n | ...^"],
  ['foo(1 2)', "ERROR: <input>:1:7: Syntax error: extraneous input '2' expecting ')'\n | foo(1 2)\n | ......^"],
  ['a[1 2]', "ERROR: <input>:1:5: Syntax error: extraneous input '2' expecting ']'\n | a[1 2]\n | ....^"],
  ['{1:2 3:4}', "ERROR: <input>:1:6: Syntax error: mismatched input '3' expecting {'}', ','}\n | {1:2 3:4}\n | .....^"],
  ['a ? b c', "ERROR: <input>:1:7: Syntax error: missing ':' at 'c'\n | a ? b c\n | ......^"],
  ['a ? b : c d', "ERROR: <input>:1:11: Syntax error: extraneous input 'd' expecting <EOF>\n | a ? b : c d\n | ..........^"],
  ['a.b c.d', "ERROR: <input>:1:5: Syntax error: mismatched input 'c' expecting <EOF>\n | a.b c.d\n | ....^"],
  ['true false', "ERROR: <input>:1:6: Syntax error: extraneous input 'false' expecting <EOF>\n | true false\n | .....^"],
  ['x y z', "ERROR: <input>:1:3: Syntax error: mismatched input 'y' expecting <EOF>\n | x y z\n | ..^"],
  ['x +* y', `ERROR: <input>:1:4: Syntax error: extraneous input '*' expecting ${start}\n | x +* y\n | ...^`],
  [
    '{',
    "ERROR: <input>:1:2: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '}', '(', '.', ',', '-', '!', '?', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | {\n | .^",
  ],
  [
    '[',
    "ERROR: <input>:1:2: Syntax error: mismatched input '<EOF>' expecting {'[', ']', '{', '(', '.', ',', '-', '!', '?', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | [\n | .^",
  ],
  ['(', `ERROR: <input>:1:2: Syntax error: mismatched input '<EOF>' expecting ${start}\n | (\n | .^`],
  ['}', `ERROR: <input>:1:1: Syntax error: mismatched input '}' expecting ${start}\n | }\n | ^`],
  [']', `ERROR: <input>:1:1: Syntax error: mismatched input ']' expecting ${start}\n | ]\n | ^`],
  [',', `ERROR: <input>:1:1: Syntax error: mismatched input ',' expecting ${start}\n | ,\n | ^`],
  [':', `ERROR: <input>:1:1: Syntax error: mismatched input ':' expecting ${start}\n | :\n | ^`],
  ['.', "ERROR: <input>:1:2: Syntax error: no viable alternative at input '.'\n | .\n | .^"],
  ['a ? (b : c', "ERROR: <input>:1:8: Syntax error: missing ')' at ':'\n | a ? (b : c\n | .......^"],
  ["'a' 'b'", "ERROR: <input>:1:5: Syntax error: extraneous input ''b'' expecting <EOF>\n | 'a' 'b'\n | ....^"],
  [
    'self.x >= 0 &&& self.y',
    "ERROR: <input>:1:15: Syntax error: token recognition error at: '& '\n | self.x >= 0 &&& self.y\n | ..............^",
  ],
  [
    'self.x => 0',
    "ERROR: <input>:1:8: Syntax error: token recognition error at: '=>'\n | self.x => 0\n | .......^\nERROR: <input>:1:11: Syntax error: extraneous input '0' expecting <EOF>\n | self.x => 0\n | ..........^",
  ],
  ['self.x === 0', "ERROR: <input>:1:10: Syntax error: token recognition error at: '= '\n | self.x === 0\n | .........^"],
  [
    'self.x =! 0',
    "ERROR: <input>:1:8: Syntax error: token recognition error at: '=!'\n | self.x =! 0\n | .......^\nERROR: <input>:1:11: Syntax error: extraneous input '0' expecting <EOF>\n | self.x =! 0\n | ..........^",
  ],
  ['self.x <> 0', `ERROR: <input>:1:9: Syntax error: extraneous input '>' expecting ${start}\n | self.x <> 0\n | ........^`],
  ['not a', "ERROR: <input>:1:5: Syntax error: extraneous input 'a' expecting <EOF>\n | not a\n | ....^"],
  ['a and b', "ERROR: <input>:1:3: Syntax error: mismatched input 'and' expecting <EOF>\n | a and b\n | ..^"],
  ['a or b', "ERROR: <input>:1:3: Syntax error: mismatched input 'or' expecting <EOF>\n | a or b\n | ..^"],
  [
    'self.foo.all(x, x > )',
    `ERROR: <input>:1:21: Syntax error: mismatched input ')' expecting ${start}\n | self.foo.all(x, x > )\n | ....................^`,
  ],
  [
    'size(self.x) > 5)',
    "ERROR: <input>:1:17: Syntax error: extraneous input ')' expecting <EOF>\n | size(self.x) > 5)\n | ................^",
  ],
  ['((((1)))', "ERROR: <input>:1:9: Syntax error: missing ')' at '<EOF>'\n | ((((1)))\n | ........^"],
]

for (const [source, message] of refused) {
  test(`parse() refuses ${JSON.stringify(source)}`, () => {
    assert.throws(() => parse(source, options), { name: 'CelCompileError', message })
  })
}

const read: readonly [source: string, shape: string][] = [
  ['a.b[c]', '_[_](a.b, c)'],
  ['-1', '-1'],
  ['--1', '1'],
  ['-a', '-_(a)'],
  ['!!a', 'a'],
  ['a ? b : c ? d : e', '_?_:_(a, b, _?_:_(c, d, e))'],
  ['a && b && c && d', '_&&_(_&&_(a, b), _&&_(c, d))'],
  ['1 + 2 * 3 == 7', '_==_(_+_(1, _*_(2, 3)), 7)'],
  ['a.?b[?0]', '_[?_](_?._(a, "b"), 0)'],
  ['has(a.b)', 'a.b~test'],
  ['[1, ?a, ]', '[1, ?a]'],
  ["{'a': 1, ?b: c}", '{"a": 1, ?b: c}'],
  ['a.b.C{d: 1}', 'a.b.C{d: 1}'],
  ["r'\\n' + 'x'", '_+_("\\\\n", "x")'],
  ["'''a\nb'''", '"a\\nb"'],
  ['a // comment\n.b', 'a.b'],
  ['.a', '.a'],
]

for (const [source, shape] of read) {
  test(`parse() reads ${JSON.stringify(source)}`, () => assert.equal(shapeOf(parse(source, options)), shape))
}

test('parse() rejects too deep nesting and too long expressions', () => {
  const nested: readonly [source: string, message: RegExp][] = [
    [`${'('.repeat(251)}1${')'.repeat(251)}`, /expression recursion limit exceeded: 250/],
    ['['.repeat(300) + ']'.repeat(300), /expression recursion limit exceeded: 250/],
    [`1${'+1'.repeat(300)}`, /expression recursion limit exceeded: 250/],
    [`a${'.a'.repeat(300)}`, /expression recursion limit exceeded: 250/],
    [`${'('.repeat(200)}a${'.a.a)'.repeat(200)}`, /max recursion depth exceeded/],
    ['1'.repeat(100_001), /expression code point size exceeds limit: size: 100001, limit 100000/],
  ]
  for (const [source, message] of nested) assert.throws(() => parse(source, options), message)
  parse(`a${' || a'.repeat(5000)}`, options)
})

const fragments = fc.constantFrom(
  'a',
  '1',
  '1u',
  '2.5',
  "'s'",
  "b'x'",
  '"""t"""',
  'true',
  'null',
  'in',
  '.',
  ',',
  ':',
  '?',
  '(',
  ')',
  '[',
  ']',
  '{',
  '}',
  '+',
  '-',
  '*',
  '!',
  '==',
  '<',
  '&&',
  '||',
  'has(',
  '.all(x,',
  '.?',
  '[?',
  '//',
  '\n',
  "'",
  '\\',
  '\u{1f600}',
  '@',
  '`',
)

test('parse() throws only CelCompileError', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.array(fragments, { maxLength: 30 }).map(parts => parts.join(' ')),
      ),
      source => {
        try {
          parse(source, options)
        } catch (err) {
          assert.ok(err instanceof CelCompileError, String(err))
        }
      },
    ),
    { numRuns: 1500 },
  )
})

type Parsed = ReturnType<typeof parse>

function shapeOf(expr: Parsed): string {
  switch (expr.kind) {
    case 'literal':
      return JSON.stringify(expr.value)
    case 'ident':
      return expr.name
    case 'select':
      return `${shapeOf(expr.operand)}.${expr.field}${expr.testOnly ? '~test' : ''}`
    case 'call':
      return `${expr.target === undefined ? '' : `${shapeOf(expr.target)}.`}${expr.name}(${expr.args.map(shapeOf).join(', ')})`
    case 'list':
      return `[${expr.items.map((item, index) => (expr.optional.has(index) ? '?' : '') + shapeOf(item)).join(', ')}]`
    case 'map':
      return `{${expr.entries.map(({ key, value, optional }) => `${optional ? '?' : ''}${shapeOf(key)}: ${shapeOf(value)}`).join(', ')}}`
    case 'struct':
      return `${expr.typeName}{${expr.fields.map(({ name, value }) => `${name}: ${shapeOf(value)}`).join(', ')}}`
    case 'comprehension':
      return `fold(${[expr.range, expr.init, expr.condition, expr.step, expr.result].map(shapeOf).join(', ')})`
  }
}
