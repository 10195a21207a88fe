import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { zeroOf } from './compile.ts'
import { decodeValue } from './decode.ts'
import { builtinKinds, schemaFor } from './model.ts'

describe('schemaFor()', () => {
  it('contains the kinds of v1.33 and nothing else', () => {
    assert.equal(schemaFor('apps', 'v1', 'Deployment')?.key, 'apps/v1.Deployment')
    assert.equal(schemaFor('', 'v1', 'DeleteOptions')?.key, 'meta/v1.DeleteOptions')
    assert.equal(schemaFor('networking.k8s.io', 'v1', 'ServiceCIDR')?.key, 'networking/v1.ServiceCIDR')
    for (const [group, version, kind] of [
      ['apps', 'v1beta1', 'Deployment'],
      ['', 'v1', 'PodSpec'],
      ['', 'v1', '__proto__'],
      ['resource.k8s.io', 'v1', 'ResourceClaim'],
    ] as const) {
      assert.equal(schemaFor(group, version, kind), undefined, kind)
    }
  })

  it("has fields in Go's order, with their list keys", () => {
    const pod = schemaFor('', 'v1', 'Pod')
    assert.deepEqual(
      pod?.fields.map(({ name }) => name),
      ['kind', 'apiVersion', 'metadata', 'spec', 'status'],
    )
    const spec = pod?.byName.get('spec')?.type
    assert.ok(spec?.kind === 'struct')
    const containers = spec.byName.get('containers')
    assert.deepEqual(
      [containers?.listType, containers?.mapKeys, containers?.mergeKey, containers?.required],
      ['map', ['name'], 'name', true],
    )
    assert.deepEqual(spec.byName.get('volumes')?.patchStrategies, ['merge', 'retainKeys'])
  })

  it('contains the additions of v1.33', () => {
    const status = schemaFor('', 'v1', 'Pod')?.byName.get('status')?.type
    assert.ok(status?.kind === 'struct' && status.byName.has('observedGeneration'))
  })
})

describe('every kind', () => {
  for (const { group, version, kind } of builtinKinds()) {
    it(`${group}/${version} ${kind} decodes its own zero value to itself`, () => {
      const type = schemaFor(group, version, kind)
      assert.ok(type)
      const zero = zeroOf(type)
      const again = decodeValue(zero, type, 'Strict')
      assert.ok(again.ok)
      assert.deepEqual(again.strictErrors, [])
      assert.equal(JSON.stringify(again.object), JSON.stringify(zero))
    })
  }
})

describe('generated files', () => {
  it("equals the generator's output", () => {
    const tool = fileURLToPath(new URL('../../../tools/generate/generate-schema.ts', import.meta.url))
    const { status, stderr } = spawnSync(process.execPath, [tool, '--check'], { encoding: 'utf8' })
    assert.equal(status, 0, stderr)
  })
})
