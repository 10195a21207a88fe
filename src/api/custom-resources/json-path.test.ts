import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findByPath, parseJsonPath } from './json-path.ts'

const value = {
  spec: { replicas: 3, 'a.b/c': 'dotted', list: [1, 2, 3], names: { x: 'y' }, empty: null },
  status: {
    conditions: [
      { type: 'Ready', status: 'True', weight: 2 },
      { type: 'Synced', status: 'False', weight: 5 },
    ],
    mixed: [{ type: 'Ready', status: 'True' }, { status: 'Unknown' }, { type: 'Synced', status: 'False' }],
  },
}

const found: readonly [path: string, values: unknown[]][] = [
  ['.spec.replicas', [3]],
  ['.spec.nothing', []],
  ['.spec.a\\.b/c', ['dotted']],
  [".spec['a.b/c']", ['dotted']],
  ['.spec.list[0]', [1]],
  ['.spec.list[-1]', [3]],
  ['.spec.list[0:2]', [1, 2]],
  ['.spec.list[0:3:2]', [1, 3]],
  ['.spec.list[*]', [1, 2, 3]],
  ['.spec.list[7]', []],
  ['.spec.names.*', ['y']],
  ['.status.conditions[?(@.type=="Ready")].status', ['True']],
  [".status.conditions[?(@.type=='Synced')].status", ['False']],
  ['.status.conditions[?(@.weight>2)].type', ['Synced']],
  ['.status.conditions[?(@.weight<=2)].type', ['Ready']],
  ['.status.conditions[?(@.type!="Ready")].type', ['Synced']],
  ['.status.conditions[?(@.missing)].type', []],
  ['.status..type', ['Ready', 'Synced', 'Ready', 'Synced']],
  ['.spec.replicas.deeper', []],
  ['.spec.list[1:]', [2, 3]],
  ['.spec.list[3:]', []],
  ['.spec.list[0:4]', []],
  ['.spec.list[-2:-1]', [2]],
  ['.spec.names[*]', []],
  ['.spec.names[0]', []],
  ['.spec.empty[0]', []],
  ['.spec.names[?(@.x=="y")]', []],
  ['.status.mixed[?(@.type=="Ready")].status', []],
  ['.status.mixed[?(@.type)].status', ['True', 'False']],
  ['.status.conditions[?(@.weight=="2")].type', []],
  ['.status.conditions[?(@.status>true)].type', []],
]
for (const [path, values] of found) {
  test(`findByPath() of ${path}`, () => {
    const parsed = parseJsonPath(path)
    assert.ok(parsed)
    assert.deepEqual(findByPath(value, parsed), values)
  })
}

for (const path of ['spec', '.spec[', '.spec[?(@.a==)]', '.spec[a]', '.', `.${'a'.repeat(2000)}`]) {
  test(`parseJsonPath() refuses ${path.slice(0, 20)}`, () => {
    const parsed = parseJsonPath(path)
    assert.ok(parsed === undefined || parsed.length === 0)
  })
}
