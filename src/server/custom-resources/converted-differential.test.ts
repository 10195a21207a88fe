// A webhook that only renames the version must make no difference: after applies, patches and updates through either version, all managers own
// the same fields as without it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type TestAnswer, TestServer } from '../testing.ts'
import type { ConversionSender } from './conversion.ts'
import { install, widget, widgetDefinition, widgetSchema, widgets } from './widgets.testing.ts'

const renaming: ConversionSender = {
  async send(_client, body) {
    const { apiVersion, kind, request } = JSON.parse(body.toString())
    const convertedObjects = request.objects.map((object: object) => ({ ...object, apiVersion: request.desiredAPIVersion }))
    return Buffer.from(
      JSON.stringify({ apiVersion, kind, response: { uid: request.uid, result: { status: 'Success' }, convertedObjects } }),
    )
  },
}
const webhook = { conversionReviewVersions: ['v1'], clientConfig: { url: 'https://converter.example.com/' } }

async function serving(strategy: 'None' | 'Webhook'): Promise<TestServer> {
  const api = new TestServer({ conversionSender: renaming })
  const versions = ['v1', 'v2'].map((name, index) => ({
    ...{ name, served: true, storage: index === 0 },
    schema: { openAPIV3Schema: widgetSchema },
    subresources: { status: {} },
  }))
  const conversion = strategy === 'None' ? { strategy } : { strategy, webhook }
  await install(api, widgetDefinition({ spec: { versions, conversion } }))
  return api
}

const fields = fc.record(
  {
    size: fc.integer({ min: 1, max: 3 }),
    color: fc.constantFrom('red', 'green'),
    note: fc.constantFrom('x', 'y'),
    tags: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 }),
    parts: fc.uniqueArray(fc.record({ name: fc.constantFrom('p', 'q'), count: fc.integer({ min: 1, max: 3 }) }), {
      selector: ({ name }) => name,
    }),
    limits: fc.dictionary(fc.constantFrom('cpu', 'mem'), fc.integer({ min: 0, max: 2 }), { maxKeys: 2 }),
    free: fc.dictionary(fc.constantFrom('k', 'l'), fc.constantFrom('1', '2'), { maxKeys: 2 }),
  },
  { requiredKeys: [] },
)
const step = fc.record({
  kind: fc.constantFrom('apply', 'apply', 'force', 'merge', 'update', 'status'),
  version: fc.constantFrom('v1', 'v2'),
  manager: fc.constantFrom('ann', 'bob', 'cid'),
  spec: fields,
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

async function take(api: TestServer, { kind, version, manager, spec }: Step): Promise<TestAnswer> {
  const path = `${widgets.replace('/v1/', `/${version}/`)}/a`
  const apiVersion = `example.com/${version}`
  const query = `?fieldManager=${manager}`
  switch (kind) {
    case 'apply':
    case 'force':
      return await api.request(
        'PATCH',
        `${path}${query}${kind === 'force' ? '&force=true' : ''}`,
        { ...widget('a', spec), apiVersion },
        applyPatch,
      )
    case 'merge':
      return await api.request('PATCH', `${path}${query}`, { spec })
    case 'status':
      return await api.request(
        'PATCH',
        `${path}/status${query}`,
        { ...widget('a', {}), apiVersion, spec: undefined, status: { replicas: spec.size ?? 0 } },
        applyPatch,
      )
    case 'update': {
      const { json } = await api.get(path)
      return await api.request('PUT', `${path}${query}`, { ...json, apiVersion, spec: { ...json.spec, ...spec } })
    }
  }
}
const applyPatch = { 'content-type': 'application/apply-patch+yaml' }

/** Without fields that differ between any two servers. */
function comparable({ status, json }: TestAnswer): unknown {
  const { uid: _uid, resourceVersion: _version, ...metadata } = json?.metadata ?? {}
  return { status, ...json, metadata }
}

test('a webhook that only renames the version does not change field managers', async () => {
  await using plain = await serving('None')
  await using hooked = await serving('Webhook')
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async steps => {
      for (const api of [plain, hooked]) {
        await api.request('DELETE', `${widgets}/a`)
        await api.create(widgets, widget('a', { size: 1 }))
      }
      for (const [index, one] of steps.entries()) {
        const [wanted, got] = [comparable(await take(plain, one)), comparable(await take(hooked, one))]
        assert.deepEqual(got, wanted, `step ${index}`)
      }
    }),
    { numRuns: 25, seed: 7 },
  )
})
