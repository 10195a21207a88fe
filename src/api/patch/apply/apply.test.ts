import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { KubeObject } from '../../object.ts'
import { isReason } from '../../status.ts'
import { applyTo, configMap, data, sets, writeOf } from './apply.testing.ts'
import { validateConfiguration } from './apply.ts'
import { added, compare, modified, pathsOf, removed } from './compare.ts'
import { difference, type FieldSet, intersection, isEmpty, pathTexts, sameSet, union } from './field-set.ts'
import { fieldsOf } from './fields-of.ts'
import { capManagers, type Managers } from './managers.ts'
import { deducedMap } from './shape.ts'
import { trackUpdate } from './track-update.ts'
import { typedProblems } from './typed-problems.ts'

describe('fieldsOf()', () => {
  const pod = writeOf('Pod', 'm').shape
  const rows: [string, unknown, string[]][] = [
    ['a scalar', { spec: { nodeName: 'n' } }, ['.spec.nodeName']],
    ['a map', { metadata: { labels: { a: 'b' } } }, ['.metadata.labels.a']],
    ['an empty struct', { spec: { securityContext: {} } }, ['.spec.securityContext']],
    ['a set', { metadata: { finalizers: ['x'] } }, ['.metadata.finalizers[="x"]']],
    [
      'an atomic list',
      { spec: { containers: [{ name: 'c', args: ['a', 'b'] }] } },
      ['.spec.containers[name="c"]', '.spec.containers[name="c"].args', '.spec.containers[name="c"].name'],
    ],
    [
      'the default of a key',
      { spec: { containers: [{ name: 'c', ports: [{ containerPort: 80 }] }] } },
      [
        '.spec.containers[name="c"]',
        '.spec.containers[name="c"].name',
        '.spec.containers[name="c"].ports[containerPort=80,protocol="TCP"]',
        '.spec.containers[name="c"].ports[containerPort=80,protocol="TCP"].containerPort',
      ],
    ],
    [
      'an atomic struct',
      { spec: { containers: [{ name: 'c', env: [{ name: 'e', valueFrom: { fieldRef: { fieldPath: 'p' } } }] }] } },
      [
        '.spec.containers[name="c"]',
        '.spec.containers[name="c"].name',
        '.spec.containers[name="c"].env[name="e"]',
        '.spec.containers[name="c"].env[name="e"].name',
        '.spec.containers[name="c"].env[name="e"].valueFrom.fieldRef',
      ],
    ],
  ]
  for (const [name, value, paths] of rows) it(`names ${name}`, () => assert.deepEqual(pathTexts(fieldsOf(value, pod)), paths))
  it("prefers the field's list type to that of its type", () => {
    const volume = writeOf('PersistentVolume', 'm').shape
    assert.deepEqual(pathTexts(fieldsOf({ spec: { claimRef: { name: 'c' } } }, volume)), ['.spec.claimRef.name'])
  })
  it('treats a kind without schema by its form', () => {
    assert.deepEqual(pathTexts(fieldsOf({ spec: { a: [1], b: { c: 1 } } }, deducedMap)), ['.spec', '.spec.a', '.spec.b', '.spec.b.c'])
  })
})

describe('applyConfiguration()', () => {
  const one = writeOf('ConfigMap', 'one')
  const two = writeOf('ConfigMap', 'two', '', '2026-01-02T00:00:00Z')

  it('refuses to take a field from another manager, and takes it if forced', async () => {
    const live = await applyTo(one.empty, configMap({ x: '1' }), one)
    await assert.rejects(
      async () => applyTo(live, configMap({ x: '2' }), two),
      err => isReason(err, 'Conflict') && err.status.message === 'Apply failed with 1 conflict: conflict with "one": .data.x',
    )
    const taken = await applyTo(live, configMap({ x: '2' }), two, true)
    assert.deepEqual(sets(taken), { two: ['.data.x'] })
  })
  it('shares a field that two managers set to one value, and keeps it until the last drops it', async () => {
    const live = await applyTo(await applyTo(one.empty, configMap({ x: '1', y: '1' }), one), configMap({ x: '1' }), two)
    assert.deepEqual(sets(live), { one: ['.data.x', '.data.y'], two: ['.data.x'] })
    const rest = await applyTo(live, configMap({}), one)
    assert.deepEqual(data(rest), { x: '1' })
    assert.deepEqual(sets(rest), { one: ['.data'], two: ['.data.x'] })
  })
  it('names every conflict', async () => {
    const live = await applyTo(one.empty, configMap({ x: '1', y: '1' }), one)
    await assert.rejects(
      async () => applyTo(live, configMap({ x: '2', y: '2' }), two),
      err =>
        isReason(err, 'Conflict') && err.status.message === 'Apply failed with 2 conflicts: conflicts with "one":\n- .data.x\n- .data.y',
    )
  })
  it('distinguishes names from properties of every JavaScript object', async () => {
    const live = await applyTo(one.empty, configMap({ constructor: '1', x: '1' }), one)
    const next = { ...structuredClone(live), ...configMap({ x: '1' }), metadata: structuredClone(live.metadata) }
    const entries = await trackUpdate(live, next, undefined, two)
    assert.deepEqual(sets({ metadata: entries === undefined ? {} : { managedFields: entries } }), { one: ['.data.x'] })
    const applied = await applyTo(next as KubeObject, configMap({ constructor: '2' }), two, true)
    assert.deepEqual(Object.keys(data(applied) as object), ['x', 'constructor'])
  })
  it('assigns existing fields to a manager of their own', async () => {
    const live = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a', uid: 'u' }, data: { x: '1' } }
    await assert.rejects(
      async () => applyTo(live, configMap({ x: '2' }), one),
      err =>
        isReason(err, 'Conflict') &&
        err.status.message === 'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.x',
    )
  })
  const pod = writeOf('Pod', 'one')
  const base = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers: [{ name: 'a' }, { name: 'b' }] } }
  const times: [string, Record<string, unknown>, boolean][] = [
    ['keeps the time of an apply that changes nothing', {}, false],
    ['keeps it where the creation time is unset', { metadata: { name: 'p', creationTimestamp: null } }, false],
    ['updates the time for another order of items', { spec: { containers: [{ name: 'b' }, { name: 'a' }] } }, true],
    ['updates the time for a new empty field', { metadata: { name: 'p', labels: {} } }, true],
  ]
  for (const [name, next, updates] of times)
    it(name, async () => {
      const live = await applyTo(pod.empty, base, pod)
      const after = await applyTo(live, { ...base, ...next }, { ...pod, time: '2026-02-01T00:00:00Z' })
      const [entry] = after.metadata.managedFields ?? []
      assert.equal(entry?.time, updates ? '2026-02-01T00:00:00Z' : '2026-01-01T00:00:00Z')
    })
  const unnamed = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'a', namespace: 'n', uid: 'u' }, secrets: [{}] }
  const why = '.secrets: element 0: associative list with keys has an element that omits key field "name" (and doesn\'t have default value)'
  const entry = { manager: 'm', operation: 'Apply', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: { 'f:secrets': {} } } as const
  const lives: [string, KubeObject, string][] = [
    [
      'an object',
      { ...unnamed, metadata: { ...unnamed.metadata, managedFields: [entry] } },
      'failed to create typed live object (n/a; /v1, Kind=ServiceAccount): ',
    ],
    [
      'an object without managers',
      unnamed,
      'failed to create manager for existing fields: failed to convert new object (n/a; /v1, Kind=ServiceAccount) to smd typed: ',
    ],
  ]
  for (const [name, live, message] of lives)
    it(`reports for ${name} an item without a name`, async () => {
      const config = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'a' } }
      await assert.rejects(async () => applyTo(live, config, writeOf('ServiceAccount', 'one')), { message: message + why })
    })
  it('prunes an item completely if it is applied without its key', async () => {
    const config = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { schedulingGates: [{}] } }
    const first = await applyTo(pod.empty, config, pod)
    const live = { ...first, spec: { schedulingGates: [{ name: '' }] } }
    assert.deepEqual(sets(await applyTo(live, config, pod)), sets(first))
  })
  it('lets kubectl take over fields of its client-side apply', async () => {
    const kubectl = writeOf('ConfigMap', 'kubectl')
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(configMap({ x: '1' })) }
    const created = { ...configMap({ x: '1' }), metadata: { name: 'a', annotations } }
    const managedFields = await trackUpdate(kubectl.empty, created, undefined, { ...kubectl, manager: 'kubectl-client-side-apply' })
    const live = { ...created, metadata: { ...created.metadata, uid: 'u', ...(managedFields ? { managedFields } : {}) } }
    const applied = await applyTo(live, configMap({ x: '2' }), kubectl)
    assert.deepEqual(data(applied), { x: '2' })
    assert.match(applied.metadata.annotations?.['kubectl.kubernetes.io/last-applied-configuration'] ?? '', /"x":"2"/)
  })
  it('merges keyed lists item by item in the order of the configuration', async () => {
    const write = writeOf('Pod', 'one')
    const pod = (names: string[]) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: { containers: names.map(name => ({ name })) },
    })
    const live = await applyTo(await applyTo(write.empty, pod(['a', 'b']), write), pod(['c', 'b']), { ...write, manager: 'two' })
    const names = (live as KubeObject & { spec: { containers: { name: string }[] } }).spec.containers.map(({ name }) => name)
    assert.deepEqual(names, ['a', 'c', 'b'])
  })
})

describe('validateConfiguration()', () => {
  const { type } = writeOf('Pod', 'm')
  const pod = (containers: unknown[]) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers } })
  const rows: [string, Record<string, unknown>, RegExp][] = [
    ['another version', { apiVersion: 'v2', kind: 'Pod' }, /^invalid object type: \/v2, Kind=Pod$/],
    ['another kind', { apiVersion: 'v1', kind: 'Node' }, /^invalid object type: \/v1, Kind=Node$/],
    ['no version', { kind: 'Pod' }, /^invalid object type: \/, Kind=Pod$/],
    ['managed fields', { apiVersion: 'v1', kind: 'Pod', metadata: { managedFields: [] } }, /^metadata\.managedFields must be nil$/],
    ['two items without their key', pod([{ image: 'i' }, { image: 'j' }]), /\.spec\.containers: duplicate entries for key \[name=""\]$/],
    ['an item that is there twice', pod([{ name: 'a' }, { name: 'a' }]), /\.spec\.containers: duplicate entries for key \[name="a"\]$/],
    [
      'a name that is a number',
      pod([{ name: 5 }]),
      /: \.spec\.containers\[name=5\]\.name: expected string, got &value\.valueUnstructured\{Value:5\}$/,
    ],
    [
      'a number that is text',
      pod([{ name: 'a', ports: [{ containerPort: 'x' }] }]),
      /\]\.containerPort: expected numeric \(int or float\), got string$/,
    ],
    ['a flag that is a list', pod([{ name: 'a', stdin: ['x'] }]), /\.stdin: expected boolean, got &\{\[x\]\}$/],
    [
      'a quantity that is a map',
      pod([{ name: 'a', resources: { limits: { cpu: { a: 1 } } } }]),
      /\.cpu: expected any scalar, got &\{map\[a:1\]\}$/,
    ],
    ['a list that is text', pod([{ name: 'a', args: 'x' }]), /\.args: expected list, got &\{x\}$/],
    [
      'a large key of an item',
      pod([{ name: 'a', ports: [{ containerPort: 1000000, x: 1 }] }]),
      /\.ports\[containerPort=1000000,protocol="TCP"\]\.x: field not declared in schema$/,
    ],
    ['an item of an atomic list', pod([{ name: 'a', args: [5] }]), /\.args\[0\]: expected string, got/],
    ['a struct that is a number', pod([{ name: 'a', resources: 5 }]), /\.resources: expected map, got &\{5\}$/],
    [
      'an unknown field',
      pod([{ name: 'a', nope: 1 }]),
      /\(\/p; \/v1, Kind=Pod\): \.spec\.containers\[name="a"\]\.nope: field not declared in schema$/,
    ],
    ['several things', pod([{ name: 'a', args: 'x', stdin: 1 }]), /errors:\n {2}\.spec\S+\.args: .*\n {2}\.spec\S+\.stdin: /],
  ]
  for (const [name, config, message] of rows) {
    it(`refuses ${name}`, () =>
      assert.throws(() => validateConfiguration(config, 'v1', 'Pod', value => (type === undefined ? [] : typedProblems(value, type))), {
        message,
      }))
  }
})

describe('await trackUpdate()', () => {
  it('joins the oldest managers where there are more than ten', async () => {
    const write = writeOf('ConfigMap', 'm')
    let live: KubeObject = write.empty
    for (let i = 0; i < 14; i++) {
      const next = {
        kind: 'ConfigMap',
        apiVersion: 'v1',
        metadata: { name: 'a', uid: 'u' } as KubeObject['metadata'],
        data: { ...(data(live) as object), [`k${i}`]: '1' },
      }
      const entries = await trackUpdate(live, next, undefined, { ...write, manager: `m${i}`, time: `2026-01-01T00:00:${10 + i}Z` })
      if (entries) next.metadata.managedFields = entries
      live = next
    }
    assert.equal(live.metadata.managedFields?.length, 10)
    assert.deepEqual(sets(live)['ancient-changes'], ['.data', '.data.k0', '.data.k1', '.data.k2', '.data.k3', '.data.k4'])
  })
  for (const [name, sent] of [
    ['an empty list', []],
    ['one empty entry', [{}]],
  ] as const) {
    it(`drops all managers for ${name}`, async () => {
      const write = writeOf('ConfigMap', 'one')
      const live = await applyTo(write.empty, configMap({ x: '1' }), write)
      assert.equal(await trackUpdate(live, structuredClone(live), sent, write), undefined)
    })
  }
})

describe('capManagers()', () => {
  it("copies no manager's set as often as there are managers", () => {
    let reads = 0
    const large = new Proxy<Record<string, FieldSet>>(Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`f:l${index}`, {}])), {
      ownKeys(target) {
        reads++
        return Reflect.ownKeys(target)
      },
    })
    const managers: Managers = new Map()
    for (let i = 0; i < 500; i++) {
      const set = i === 0 ? large : { [`f:k${i}`]: {} }
      const time = `2026-01-01T00:00:00.${String(i).padStart(3, '0')}Z`
      managers.set(String(i), { name: `m${i}`, operation: 'Update', apiVersion: 'v1', subresource: '', time, set, entry: undefined })
    }
    capManagers(managers)
    assert.equal(managers.size, 10)
    const joined = [...managers.values()].find(({ name }) => name === 'ancient-changes')
    assert.equal(joined?.time, '2026-01-01T00:00:00.490Z')
    assert.equal(Object.keys(joined?.set ?? {}).length, 20 + 490)
    assert.ok(reads < 10, `${reads} reads`)
  })
})

describe('invariants', () => {
  // An empty map is lost in decoding, and then applied again.
  const maps = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('1', '2'), { minKeys: 1 })
  const one = writeOf('ConfigMap', 'one')
  const two = writeOf('ConfigMap', 'two')
  it('an apply is idempotent, and its manager owns what it set', async () => {
    await fc.assert(
      fc.asyncProperty(maps, maps, maps, async (first, other, then) => {
        let live = await applyTo(one.empty, configMap(first), one)
        live = await applyTo(live, configMap(other), two, true)
        live = await applyTo(live, configMap(then), one, true)
        assert.deepEqual(await applyTo(live, configMap(then), one), live)
        const own = live.metadata.managedFields?.find(({ manager }) => manager === 'one')?.fieldsV1 as FieldSet | undefined
        const wanted = fieldsOf({ data: then }, one.shape)
        assert.ok(isEmpty(difference(wanted, own ?? {})))
        assert.deepEqual({ ...(data(live) as object), ...then }, data(live) ?? {})
      }),
      { numRuns: 200 },
    )
  })
  it('two conflicting applies conflict in either order', async () => {
    const conflicts = async (a: Record<string, string>, b: Record<string, string>): Promise<boolean> => {
      const live = await applyTo(one.empty, configMap(a), one)
      try {
        await applyTo(live, configMap(b), two)
        return false
      } catch (err) {
        if (isReason(err, 'Conflict')) return true
        throw err
      }
    }
    await fc.assert(fc.asyncProperty(maps, maps, async (a, b) => (await conflicts(a, b)) === (await conflicts(b, a))))
  })
  it('sets add and subtract, and differences name what changed', () => {
    fc.assert(
      fc.property(maps, maps, (a, b) => {
        const left = fieldsOf({ data: a, metadata: { labels: b } }, one.shape)
        const right = fieldsOf({ data: b, metadata: { labels: a } }, one.shape)
        assert.ok(sameSet(union(difference(left, right), intersection(left, right)), left))
        assert.ok(sameSet(union(left, right), union(right, left)))
        const found = compare({ data: a }, { data: b }, one.shape)
        const back = compare({ data: b }, { data: a }, one.shape)
        assert.ok(sameSet(pathsOf(found, added), pathsOf(back, removed)))
        assert.ok(sameSet(pathsOf(found, modified), pathsOf(back, modified)))
      }),
    )
  })
})
