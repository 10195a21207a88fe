// Messages are those of cel-go for the same expression.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Environment } from '../environment.ts'
import { formatLiterals } from '../library/format-literals.ts'
import { optionalLibrary } from '../library/optional.ts'
import { stringsLibrary } from '../library/strings.ts'
import * as t from '../values/type.ts'
import { homogeneousLiterals, literalArguments, literalRules } from './literals.ts'

const variables = [
  { name: 'x', type: t.dyn },
  { name: 's', type: t.string },
  { name: 'i', type: t.int },
  { name: 'l', type: t.list(t.int) },
  { name: 'ls', type: t.list(t.string) },
  { name: 'm', type: t.map(t.string, t.dyn) },
]
const environment = Environment.create({
  libraries: [optionalLibrary, stringsLibrary],
  optionalSyntax: true,
  variables,
  validators: [literalRules([...literalArguments, homogeneousLiterals, formatLiterals])],
})

const refused: readonly [source: string, message: string][] = [
  ['1.0 == 1', "ERROR: <input>:1:5: found no matching overload for '_==_' applied to '(double, int)'\n | 1.0 == 1\n | ....^"],
  ["[1, 'a']", "ERROR: <input>:1:5: expected type 'int' but found 'string'\n | [1, 'a']\n | ....^"],
  ["[1, dyn('a')]", "ERROR: <input>:1:8: expected type 'int' but found 'dyn'\n | [1, dyn('a')]\n | .......^"],
  ["{'a': 1, 'b': 'c'}", "ERROR: <input>:1:15: expected type 'int' but found 'string'\n | {'a': 1, 'b': 'c'}\n | ..............^"],
  ['ls + [1]', "ERROR: <input>:1:4: found no matching overload for '_+_' applied to '(list(string), list(int))'\n | ls + [1]\n | ...^"],
  ['s + 1', "ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(string, int)'\n | s + 1\n | ..^"],
  ['i + s', "ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(int, string)'\n | i + s\n | ..^"],
  ['i && true', "ERROR: <input>:1:1: expected type 'bool' but found 'int'\n | i && true\n | ^"],
  ['true || s', "ERROR: <input>:1:9: expected type 'bool' but found 'string'\n | true || s\n | ........^"],
  ['!i', "ERROR: <input>:1:1: found no matching overload for '!_' applied to '(int)'\n | !i\n | ^"],
  ['-s', "ERROR: <input>:1:1: found no matching overload for '-_' applied to '(string)'\n | -s\n | ^"],
  ['i ? 1 : 2', "ERROR: <input>:1:3: found no matching overload for '_?_:_' applied to '(int, int, int)'\n | i ? 1 : 2\n | ..^"],
  [
    "true ? 1 : 'a'",
    "ERROR: <input>:1:6: found no matching overload for '_?_:_' applied to '(bool, int, string)'\n | true ? 1 : 'a'\n | .....^",
  ],
  ["l['a']", "ERROR: <input>:1:2: found no matching overload for '_[_]' applied to '(list(int), string)'\n | l['a']\n | .^"],
  ['s[0]', "ERROR: <input>:1:2: found no matching overload for '_[_]' applied to '(string, int)'\n | s[0]\n | .^"],
  ['i.foo', "ERROR: <input>:1:2: type 'int' does not support field selection\n | i.foo\n | .^"],
  ['s.foo', "ERROR: <input>:1:2: type 'string' does not support field selection\n | s.foo\n | .^"],
  ['foo(1)', "ERROR: <input>:1:4: undeclared reference to 'foo' (in container '')\n | foo(1)\n | ...^"],
  ['s.foo()', "ERROR: <input>:1:6: undeclared reference to 'foo' (in container '')\n | s.foo()\n | .....^"],
  ['size(1)', "ERROR: <input>:1:5: found no matching overload for 'size' applied to '(int)'\n | size(1)\n | ....^"],
  ['size()', "ERROR: <input>:1:5: found no matching overload for 'size' applied to '()'\n | size()\n | ....^"],
  ['s.size(1)', "ERROR: <input>:1:7: found no matching overload for 'size' applied to 'string.(int)'\n | s.size(1)\n | ......^"],
  ['l.all(y, y)', "ERROR: <input>:1:10: expected type 'bool' but found 'int'\n | l.all(y, y)\n | .........^"],
  [
    'i.all(y, true)',
    "ERROR: <input>:1:1: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)\n | i.all(y, true)\n | ^",
  ],
  ['l.map(y, z)', "ERROR: <input>:1:10: undeclared reference to 'z' (in container '')\n | l.map(y, z)\n | .........^"],
  [
    "l.exists_one(y, y == 'a')",
    "ERROR: <input>:1:19: found no matching overload for '_==_' applied to '(int, string)'\n | l.exists_one(y, y == 'a')\n | ..................^",
  ],
  ['has(s.foo)', "ERROR: <input>:1:4: type 'string' does not support field selection\n | has(s.foo)\n | ...^"],
  [
    'math.greatest(1,2)',
    "ERROR: <input>:1:1: undeclared reference to 'math' (in container '')\n | math.greatest(1,2)\n | ^\nERROR: <input>:1:14: undeclared reference to 'greatest' (in container '')\n | math.greatest(1,2)\n | .............^",
  ],
  [
    "{1: 'a'}[1u]",
    "ERROR: <input>:1:9: found no matching overload for '_[_]' applied to '(map(int, string), uint)'\n | {1: 'a'}[1u]\n | ........^",
  ],
  [
    "{1: 'a'}[1.0]",
    "ERROR: <input>:1:9: found no matching overload for '_[_]' applied to '(map(int, string), double)'\n | {1: 'a'}[1.0]\n | ........^",
  ],
  [
    '[1,2,3][1.0]',
    "ERROR: <input>:1:8: found no matching overload for '_[_]' applied to '(list(int), double)'\n | [1,2,3][1.0]\n | .......^",
  ],
  ['i == null', "ERROR: <input>:1:3: found no matching overload for '_==_' applied to '(int, null)'\n | i == null\n | ..^"],
  ['s != null', "ERROR: <input>:1:3: found no matching overload for '_!=_' applied to '(string, null)'\n | s != null\n | ..^"],
  ['l == null', "ERROR: <input>:1:3: found no matching overload for '_==_' applied to '(list(int), null)'\n | l == null\n | ..^"],
  [
    "'%d'.format([1.5])",
    "ERROR: <input>:1:14: error during formatting: decimal clause can only be used on integers, was given double\n | '%d'.format([1.5])\n | .............^",
  ],
  [
    "'%d'.format(['a'])",
    "ERROR: <input>:1:14: error during formatting: decimal clause can only be used on integers, was given string\n | '%d'.format(['a'])\n | .............^",
  ],
  ["'%d %d'.format([1])", "ERROR: <input>:1:15: index 1 out of range\n | '%d %d'.format([1])\n | ..............^"],
  [
    "'%d'.format([1, 2])",
    "ERROR: <input>:1:12: too many arguments supplied to string.format (expected 1, got 2)\n | '%d'.format([1, 2])\n | ...........^",
  ],
  [
    "'%a'.format([1])",
    'ERROR: <input>:1:12: could not parse formatting clause: unrecognized formatting clause "a"\n | \'%a\'.format([1])\n | ...........^',
  ],
  ["'%'.format([1])", "ERROR: <input>:1:11: unexpected end of string\n | '%'.format([1])\n | ..........^"],
  [
    "'%.'.format([1])",
    "ERROR: <input>:1:12: could not parse formatting clause: error while parsing precision: could not find end of precision specifier\n | '%.'.format([1])\n | ...........^",
  ],
  [
    "'%.5'.format([1.0])",
    "ERROR: <input>:1:13: could not parse formatting clause: error while parsing precision: could not find end of precision specifier\n | '%.5'.format([1.0])\n | ............^",
  ],
  [
    "'%x'.format([1.5])",
    "ERROR: <input>:1:14: error during formatting: only integers, byte buffers, and strings can be formatted as hex, was given double\n | '%x'.format([1.5])\n | .............^",
  ],
  [
    "'%d'.format([s])",
    "ERROR: <input>:1:14: error during formatting: decimal clause can only be used on integers, was given string\n | '%d'.format([s])\n | .............^",
  ],
  ["'%s %s'.format(['a'])", "ERROR: <input>:1:15: index 1 out of range\n | '%s %s'.format(['a'])\n | ..............^"],
  ["s.matches('(')", "ERROR: <input>:1:11: invalid matches argument\n | s.matches('(')\n | ..........^"],
  ["timestamp('abc')", "ERROR: <input>:1:11: invalid timestamp argument\n | timestamp('abc')\n | ..........^"],
  ["duration('abc')", "ERROR: <input>:1:10: invalid duration argument\n | duration('abc')\n | .........^"],
]

for (const [source, message] of refused) {
  test(`compile() refuses ${source}`, () => {
    assert.throws(() => environment.compile(source), { name: 'CelCompileError', message })
  })
}

const typed: readonly [source: string, type: string][] = [
  ['[]', 'list(dyn)'],
  ['[1, 2]', 'list(int)'],
  ['[[], [1]]', 'list(list(int))'],
  ['{}', 'map(dyn, dyn)'],
  ['l.map(y, string(y))', 'list(string)'],
  ['x.a.b', 'dyn'],
  ['m.?k', 'optional_type(dyn)'],
  ['optional.of(i).orValue(2)', 'int'],
  ['i > 1 ? s : "a"', 'string'],
  ['x + 1', 'int'],
  ['type(i)', 'type(int)'],
  ['timestamp(s) - timestamp(s)', 'duration'],
  ['ls.filter(y, y == s)[0]', 'string'],
]

for (const [source, type] of typed) {
  test(`compile() finds the type of ${source}`, () => assert.equal(t.formatType(environment.compile(source).type), type))
}
