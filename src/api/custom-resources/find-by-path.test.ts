import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findByPath } from './find-by-path.ts'
import { Float, parseJsonPath } from './json-path.ts'

const value = {
  spec: { replicas: 3, 'a.b/c': 'dotted', list: [1, 2, 3], names: { x: 'y' }, empty: null, none: [], s: 'é', half: 2.5 },
  status: {
    conditions: [
      { type: 'Ready', status: 'True', weight: 2 },
      { type: 'Synced', status: 'False', weight: 5 },
    ],
    mixed: [{ type: 'Ready', status: 'True' }, { status: 'Unknown' }, { type: 'Synced', status: 'False' }],
    typed: [{ v: 1.5 }, { v: 2.5 }],
    flags: [{ on: true }, { on: false }],
    lists: [{ l: [1] }, { l: [] }],
  },
}
const { conditions, typed } = value.status

const found: readonly [path: string, values: unknown[]][] = [
  ['.spec.replicas', [3]],
  ['$.spec.replicas', [3]],
  ['@.spec@.replicas', [3]],
  ['.spec .replicas', [3]],
  ['.spec.nothing', []],
  ['.spec.constructor', []],
  ['.spec.a\\.b/c', ['dotted']],
  [".spec['a\\.b/c']", ['dotted']],
  [".spec['a.b/c']", []],
  ['.spec.list[0]', [1]],
  ['.spec.list.[0]', []],
  ['.spec.list[]', [1]],
  ['.spec.list[-1]', [3]],
  ['.spec.list[-4]', []],
  ['.spec.list[0:2]', [1, 2]],
  ['.spec.list[0:3:2]', [1, 3]],
  ['.spec.list[::2]', [1, 3]],
  ['.spec.list[::0]', []],
  ['.spec.list[0:0:0]', []],
  ['.spec.list[*]', [1, 2, 3]],
  ['.spec.list[7]', []],
  ['.spec.list[1:]', [2, 3]],
  ['.spec.list[3:]', []],
  ['.spec.list[0:4]', []],
  ['.spec.list[2:1]', []],
  ['.spec.list[-2:-1]', [2]],
  ['.spec.list[0,2]', [1, 3]],
  ['.spec.list[0, -1,1:]', [1, 3, 2, 3]],
  ['.spec.list[0,7]', []],
  [".spec['s','replicas']", ['é', 3]],
  [".spec['s','nothing']", ['é']],
  ['.spec.names.*', ['y']],
  ['.spec.s.*', [0xc3n, 0xa9n]],
  ['.spec.names[*]', []],
  ['.spec.names[0]', []],
  ['.spec.none[0]', []],
  ['.spec.empty', [null]],
  ['.spec.empty.deeper', []],
  ['.spec.empty[0]', []],
  ['.spec.replicas.deeper', []],
  ['.spec.names[?(@.x=="y")]', []],
  ['.status..type', ['Ready', 'Synced', 'Ready', 'Synced']],
  ['.spec.names..', [{ x: 'y' }, 'y']],
  ['.spec.none..', []],
  ['.status.typed..[0]', []],
  ['.status.conditions[?(@.type=="Ready")].status', ['True']],
  [".status.conditions[?(@.type=='Synced')].status", ['False']],
  ['.status.conditions[?( @.type == "Ready" )].status', ['True']],
  ['.status.conditions[?($.type=="Ready")].status', ['True']],
  ['.status.conditions[?(.type=="Ready")].status', ['True']],
  [String.raw`.status.conditions[?(@.type=="\x52eady")].status`, ['True']],
  ['.status.conditions[?(@.weight>2)].type', ['Synced']],
  ['.status.conditions[?(@.weight>=5)].type', ['Synced']],
  ['.status.conditions[?(@.weight<5)].type', ['Ready']],
  ['.status.conditions[?(@.weight<=2)].type', ['Ready']],
  ['.status.conditions[?(@.weight==+2)].type', ['Ready']],
  ['.status.conditions[?(2==@.weight)].type', ['Ready']],
  ['.status.conditions[?(@.type!="Ready")].type', ['Synced']],
  ['.status.conditions[?(@.type<"S")].type', ['Ready']],
  ['.status.conditions[?(@.missing)].type', []],
  ['.status.conditions[?(@.weight=="2")].type', []],
  ['.status.conditions[?(@.weight==2.0)].type', []],
  ['.status.conditions[?(@.weight=2)].type', []],
  ['.status.conditions[?(@.weight===2)].type', []],
  ['.status.conditions[?(@.status>true)].type', []],
  ['.status.conditions[?(@.*=="Ready")].type', []],
  ['.status.conditions[0,?(@.weight==5)].type', ['Ready', 'Synced']],
  ['.status.typed[?(@.v>2.0)]', [typed[1]]],
  ['.status.typed[?(@.v>2)]', []],
  ['.status.flags[?(@.on==true)].on', [true]],
  ['.status.flags[?(@.on!=true)].on', [false]],
  ['.status.flags[?(@.on>=true)].on', []],
  ['.status.mixed[?(@.type=="Ready")].status', ['True']],
  ['.status.mixed[?(@.status==@.type)].status', []],
  ['.status.mixed[?(@.type)].status', ['True', 'False']],
  // The values before the failed step exist.
  ['.status.lists[?(@.l[0])]', value.status.lists],
  ['.status.conditions[?(word)].type', ['Ready', 'Synced']],
  ['.spec "text"', ['text']],
  ['.spec.list[*] 5', [5n, 5n, 5n]],
  ['.spec 2.0', [new Float(2)]],
  ['.spec 2.0 .deeper', []],
  ['.spec 2.0 ..', []],
  ['.spec word', []],
  ['.spec end', []],
  ['.spec.half}{.spec.s', [2.5]],
  ['.spec.half}{.spec.list[7]', []],
  ['.spec.half} and more', [2.5]],
  ['.status.conditions[*] range}{.weight}{end}{.spec.s', [2]],
  ['.spec.none[*] range}{.weight}{end}{.spec.s', ['é']],
  ['.status.conditions[*] range}{.weight}{.type[0]}{end', []],
  ['.status range}{.typed[*] range}{.v}{end}{end', [1.5]],
]
for (const [path, values] of found) {
  test(`findByPath() of ${path}`, () => {
    const parsed = parseJsonPath(path)
    assert.ok(parsed)
    assert.deepEqual(findByPath(value, parsed), values)
  })
}

test('findByPath() of .status..[*] returns containers before their content', () => {
  assert.deepEqual(findByPath(conditions, parseJsonPath('..') ?? []).slice(0, 3), [conditions, conditions[0], 'Ready'])
})

const nested = (depth: number): unknown => (depth === 0 ? 'x' : { a: nested(depth - 1), b: nested(depth - 1) })
const list = Array.from({ length: 4000 }, () => ({ a: 1 }))

const costly: readonly [name: string, value: unknown, path: string][] = [
  ['descents behind each other', nested(10), '...*'.repeat(4)],
  ['a descent into a long list', { list: Array.from({ length: 200_000 }, () => 1) }, '..'],
  ['texts taken apart', { a: 'x'.repeat(200_000) }, '.a.*'],
  ['ranges within each other', nested(10), `${'.. range}{'.repeat(3)}"x"${'}{end'.repeat(3)}`],
  ['a range over many empty actions', { list }, `.list[*] range${'}{'.repeat(300)}`],
  ['a filter of many steps for many items', { list }, `.list[?(@${' 1'.repeat(100)})]`],
  ['a union that repeats a list', { list }, `.list[${'*,'.repeat(200)}*]`],
]
for (const [name, object, path] of costly) {
  test(`findByPath() gives up on ${name}`, () => {
    const parsed = parseJsonPath(path)
    assert.ok(parsed)
    assert.equal(findByPath(object, parsed).length, 0)
  })
}

test('findByPath() stops reading once unions have doubled the values too often', () => {
  let reads = 0
  const endless = {
    get a(): unknown {
      reads++
      return endless
    },
  }
  assert.deepEqual(findByPath(endless, parseJsonPath(`['a','a']`.repeat(20)) ?? []), [])
  assert.ok(reads > 1000 && reads <= 100_000)
})
