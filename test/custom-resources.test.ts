// Custom resources as their users meet them: kubectl installs a large definition, explains it, works with its objects, and takes it away
// (upstream's conformance tests of CustomResourceDefinitions, and test/cmd/crd.sh).
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { noKubectl, until } from './cluster.ts'
import { KubectlSession } from './kubectl/kubectl-session.ts'
import { podTemplateSchema } from './pod-template-schema.ts'

const group = 'machines.example.com'
const crd = `engines.${group}`
const text = { type: 'string' }

const spec = {
  type: 'object',
  description: 'What the engine should be.',
  required: ['replicas'],
  properties: {
    replicas: { type: 'integer', minimum: 0, maximum: 5, description: 'How many of it run.' },
    fuel: { ...text, enum: ['petrol', 'steam'], default: 'steam', description: 'What it burns.' },
    port: { 'x-kubernetes-int-or-string': true },
    parts: {
      type: 'array',
      maxItems: 100,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: { type: 'object', required: ['name'], properties: { name: text, count: { type: 'integer', default: 1 } } },
    },
  },
  'x-kubernetes-validations': [{ rule: "self.fuel != 'petrol' || self.replicas <= 2", message: 'petrol is scarce' }],
}

function definition(template: object) {
  const schema = {
    type: 'object',
    description: 'An engine.',
    properties: {
      spec: { ...spec, properties: { ...spec.properties, template } },
      status: { type: 'object', properties: { running: { type: 'integer' }, selector: text } },
    },
  }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: crd },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'engines', kind: 'Engine', shortNames: ['eng'], categories: ['plant'] },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: schema },
          subresources: {
            status: {},
            scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.running', labelSelectorPath: '.status.selector' },
          },
          additionalPrinterColumns: [
            { name: 'Fuel', type: 'string', jsonPath: '.spec.fuel' },
            { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas' },
            { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
          ],
          selectableFields: [{ jsonPath: '.spec.fuel' }],
        },
      ],
    },
  }
}

const engine = (name: string, more: object = {}) => ({
  apiVersion: `${group}/v1`,
  kind: 'Engine',
  metadata: { name },
  spec: { replicas: 1, template: { spec: { containers: [{ name: 'a', image: 'example.com/a:1' }] } }, ...more },
})

describe('kubectl with custom resources', { skip: noKubectl }, () => {
  let session: KubectlSession
  const kubectl = (...args: string[]) => session.kubectl(...args)

  before(async () => {
    session = await KubectlSession.start()
    await session.enter('plant')
    const document = JSON.parse(await kubectl('get', '--raw', '/openapi/v3/api/v1'))
    const file = session.file('crd.yaml', definition(podTemplateSchema(document)))
    // The annotation of `kubectl apply` has no room for thousands of lines, as with the definitions of real operators.
    await kubectl('create', '-f', file)
    await kubectl('wait', '--for=condition=Established', `crd/${crd}`, '--timeout=150s')
  })
  after(async () => {
    await session?.[Symbol.asyncDispose]()
  })

  test('finds, explains and prints them', async () => {
    assert.match(await kubectl('api-resources', '--api-group', group), /engines +eng +machines\.example\.com\/v1 +true +Engine/)
    assert.match(
      await kubectl('explain', 'engine.spec.fuel'),
      /KIND: +Engine\n.*FIELD: fuel <string>.*\n.*DESCRIPTION:\n +What it burns\./s,
    )
    assert.match(await kubectl('explain', 'eng.spec.template.spec.containers', '--recursive'), /livenessProbe/)
    await kubectl('create', '-f', session.file('a.yaml', engine('a')))
    assert.match(await kubectl('get', 'eng'), /^NAME +FUEL +REPLICAS +AGE\na +steam +1 +\S+\n$/)
    assert.match(await kubectl('get', 'plant', '-o', 'name'), /^engine\.machines\.example\.com\/a\n$/)
    assert.equal(await kubectl('get', 'eng', '--field-selector', 'spec.fuel=petrol', '-o', 'name'), '')
    assert.equal(await kubectl('get', 'eng', '--field-selector', 'spec.fuel=steam', '-o', 'name'), 'engine.machines.example.com/a\n')
    assert.match(await kubectl('describe', 'eng', 'a'), /Kind: +Engine[\s\S]*Fuel: +steam/)
  })

  test('rejects what the schema, its rules or a strict client do not allow', async () => {
    const refused = async (more: object) => session.refused('create', '-f', session.file('bad.yaml', engine('bad', more)))
    assert.match(
      await refused({ replicas: 6 }),
      /spec\.replicas: Invalid value: 6: spec\.replicas in body should be less than or equal to 5/,
    )
    assert.match(await refused({ fuel: 'coal' }), /spec\.fuel: Unsupported value: "coal": supported values: "petrol", "steam"/)
    assert.match(await refused({ fuel: 'petrol', replicas: 3 }), /spec: Invalid value: "object": petrol is scarce/)
    assert.match(await refused({ feul: 'steam' }), /strict decoding error: unknown field "spec\.feul"/)
    assert.match(
      await refused({ template: { spec: { containers: [{ image: 'x' }] } } }),
      /spec\.template\.spec\.containers\[0\]\.name: Required value/,
    )
  })

  test('applies, scales, patches and edits them', async () => {
    await kubectl('apply', '-f', session.file('b.yaml', engine('b', { parts: [{ name: 'x' }] })))
    assert.match(await kubectl('apply', '-f', session.file('b.yaml', engine('b', { parts: [{ name: 'x', count: 2 }] }))), /b configured/)
    const parts = [{ name: 'y', count: 3 }]
    await kubectl('apply', '--server-side', '--field-manager=other', '-f', session.file('c.yaml', { ...engine('b'), spec: { parts } }))
    assert.equal(await session.read('eng b', '{.spec.parts[*].name}'), 'x y')
    await kubectl('scale', 'eng', 'b', '--replicas=4')
    assert.equal(await session.read('eng b', '{.spec.replicas} {.metadata.generation}'), '4 4')
    assert.match(await session.refused('scale', 'eng', 'b', '--replicas=9'), /should be less than or equal to 5/)
    assert.match(await kubectl('patch', 'eng', 'b', '--type=merge', '-p', '{"spec":{"fuel":"petrol","replicas":1}}'), /patched/)
    assert.match(await session.refused('patch', 'eng', 'b', '--type=strategic', '-p', '{}'), /415|unsupported|unknown format/i)
    await kubectl('label', 'eng', 'b', 'a=b')
  })

  test('owners take them along, and their namespace does', async () => {
    await kubectl('create', 'configmap', 'owner')
    const uid = await session.read('configmap owner', '{.metadata.uid}')
    const owned = engine('owned')
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid }]
    await kubectl('create', '-f', session.file('owned.yaml', { ...owned, metadata: { ...owned.metadata, ownerReferences } }))
    await kubectl('delete', 'configmap', 'owner')
    await until('the owned engine goes', async () => (await session.try(['get', 'eng', 'owned'])).code !== 0)
    await kubectl('create', 'namespace', 'short')
    await kubectl('create', '-n', 'short', '-f', session.file('a.yaml', engine('a')))
    await kubectl('delete', 'namespace', 'short')
    assert.match(await session.refused('get', 'namespace', 'short'), /NotFound/)
  })

  test('go with their definition', async () => {
    await kubectl('delete', 'crd', crd, '--timeout=150s')
    assert.match(
      await session.refused('get', 'eng'),
      /the server doesn't have a resource type "eng"|the server could not find the requested resource/,
    )
    assert.equal(await kubectl('api-resources', '--api-group', group, '--no-headers'), '')
  })
})
